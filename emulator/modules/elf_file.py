"""A relocatable ELF file read and checked as a whole; nothing here knows what an update is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from emulator.abi.memory_map import PAGE_SIZE
from emulator.modules import elf_constants as elf
from emulator.modules.elf_constants import Binding, FileType, SectionFlag, SectionType, SymbolType
from emulator.modules.elf_groups import Group, parse_groups
from emulator.modules.elf_header import ElfHeader
from emulator.modules.elf_relocations import Relocation, parse_relocations
from emulator.modules.elf_sections import Section, parse_sections
from emulator.modules.elf_symbols import Symbol, SymbolTable, parse_symbols
from emulator.modules.refusal import refusal

_OLD_CONSTRUCTORS = (".ctors", ".dtors")


@dataclass(frozen=True)
class ElfObject:
    """Sections, symbols, groups and relocations (by the index of the section that they patch)."""

    sections: tuple[Section, ...]
    table: SymbolTable
    groups: tuple[Group, ...]
    relocations: dict[int, tuple[Relocation, ...]]

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """All symbols by index."""
        return self.table.symbols

    def section_named(self, name: str) -> Section | None:
        """The one section of that name, None when there is none. Raises ModuleError when there are two."""
        found = [section for section in self.sections if section.name == name]
        if len(found) > 1:
            raise refusal(f"{found[1]}: a second section of this name")
        return found[0] if found else None


def read_object(data: bytes) -> ElfObject:
    """Reads a module's file. Raises ModuleError with the first thing that is wrong; trusts nothing in it."""
    header = ElfHeader.parse(data, FileType.RELOCATABLE)
    sections = parse_sections(data, header)
    for section in sections:
        _check_section(section)
    table = parse_symbols(sections)
    for symbol in table.symbols:
        _check_symbol(symbol, sections)
    _check_unique(table.symbols)
    return ElfObject(sections, table, parse_groups(sections, table), parse_relocations(sections, table))


def _check_section(section: Section) -> None:
    if section.address:
        raise refusal(f"{section}: address {section.address:#x}, a relocatable section has none")
    if not section.allocated:
        return
    if section.has(SectionFlag.WRITE) and section.has(SectionFlag.EXECUTE):
        raise refusal(f"{section}: writable and executable")
    if section.has(SectionFlag.TLS):
        raise refusal(f"{section}: thread-local storage", "the kernel has none: use a member of the thread")
    if section.has(SectionFlag.COMPRESSED):
        raise refusal(f"{section}: compressed", "compile without -gz")
    if section.alignment > PAGE_SIZE:
        raise refusal(
            f"{section}: alignment {section.alignment:#x}, memory is given in pages of {PAGE_SIZE:#x}"
        )
    if section.kind == SectionType.PREINIT_ARRAY or section.name.startswith(_OLD_CONSTRUCTORS):
        raise refusal(f"{section}: constructors of this kind are not run", "use .init_array, as clang does")
    if section.kind == SectionType.NOBITS and section.has(SectionFlag.EXECUTE):
        raise refusal(f"{section}: executable without contents")


def _check_symbol(symbol: Symbol, sections: Sequence[Section]) -> None:
    if symbol.kind is SymbolType.TLS:
        raise refusal(f"{symbol}: thread-local", "the kernel has no thread-local storage")
    if symbol.kind is SymbolType.IFUNC:
        raise refusal(f"{symbol}: an indirect function cannot be resolved in the kernel")
    if symbol.section == elf.SECTION_COMMON or symbol.kind is SymbolType.COMMON:
        raise refusal(f"{symbol}: common", "compile with -fno-common")
    if symbol.other >> 5 == 7:
        raise refusal(f"{symbol}: reserved local entry value 7 in st_other {symbol.other:#x}")
    if symbol.defined and not symbol.name and symbol.binding is not Binding.LOCAL:
        raise refusal(f"{symbol}: global without a name")
    if not symbol.defined and symbol.binding is Binding.LOCAL and symbol.index:
        raise refusal(f"{symbol}: local without a definition")
    if not symbol.defined or symbol.absolute:
        return
    section = sections[symbol.section]
    if symbol.value + symbol.size > section.size:
        end = symbol.value + symbol.size
        raise refusal(f"{symbol}: ends at {end:#x} of {section.name}, which has {section.size:#x} bytes")
    if symbol.kind is SymbolType.FUNCTION and section.allocated:
        _check_function(symbol, section)


def _check_function(symbol: Symbol, section: Section) -> None:
    if not section.has(SectionFlag.EXECUTE):
        raise refusal(f"{symbol}: a function in {section.name}, which is not executable")
    if symbol.value % 4:
        raise refusal(f"{symbol}: a function at {section.name}+{symbol.value:#x}, not aligned to 4")
    if symbol.value + symbol.local_entry > section.size:
        raise refusal(f"{symbol}: local entry {symbol.local_entry} bytes after it is outside {section.name}")


def _check_unique(symbols: Sequence[Symbol]) -> None:
    seen: dict[str, Symbol] = {}
    for symbol in symbols:
        if symbol.binding is Binding.LOCAL:
            continue
        if symbol.name in seen:
            raise refusal(f"{symbol}: two entries in the symbol table")
        seen[symbol.name] = symbol
