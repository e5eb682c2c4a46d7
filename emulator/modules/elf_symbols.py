"""The symbol table of an ELF file."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from emulator.modules import elf_constants as elf
from emulator.modules.demangle import demangle
from emulator.modules.elf_constants import Binding, SectionType, SymbolType, Visibility
from emulator.modules.elf_sections import Section, check_string_table, string_at
from emulator.modules.refusal import refusal

SYMBOL_LIMIT = 1 << 17
"""Symbols of one file, so that a hostile one cannot fill the host's memory."""

_LAYOUT = struct.Struct(">IBBHQQ")
_BINDINGS = frozenset(Binding)
_TYPES = frozenset(SymbolType)


@dataclass(frozen=True, slots=True)
class Symbol:
    """One entry: ``value`` is an offset into its section (module) or an address (kernel image)."""

    index: int
    name: str
    binding: Binding
    kind: SymbolType
    other: int
    section: int
    value: int
    size: int

    def __str__(self) -> str:
        return f"symbol {demangle(self.name)}" if self.name else f"symbol #{self.index}"

    @property
    def defined(self) -> bool:
        """Not a reference to something elsewhere."""
        return self.section != elf.SECTION_UNDEFINED

    @property
    def absolute(self) -> bool:
        """``value`` is a number that no address changes."""
        return self.section == elf.SECTION_ABSOLUTE

    @property
    def visibility(self) -> Visibility:
        """Low bits of st_other."""
        return Visibility(self.other & 3)

    @property
    def local_entry(self) -> int:
        """Bytes from global to local entry point."""
        return elf.local_entry_offset(self.other)


@dataclass(frozen=True)
class SymbolTable:
    """All symbols by index; those before ``first_global`` are local."""

    section: int
    symbols: tuple[Symbol, ...]
    first_global: int

    def at(self, index: int, what: str) -> Symbol:
        """Raises ModuleError naming ``what`` refers to a symbol that does not exist."""
        if index >= len(self.symbols):
            raise refusal(f"{what}: symbol index {index}, the table has {len(self.symbols)}")
        return self.symbols[index]


def parse_symbols(sections: Sequence[Section]) -> SymbolTable:
    """Reads the one symbol table. Raises ModuleError when there is none, two, or an entry is wrong."""
    tables = [section for section in sections if section.kind == SectionType.SYMTAB]
    if not tables:
        raise refusal("no symbol table", "do not strip it")
    if len(tables) > 1:
        raise refusal(f"{tables[1]}: a second symbol table")
    table = tables[0]
    count = table.entries(elf.SYMBOL_SIZE)
    if not 0 < table.link < len(sections):
        raise refusal(f"{table}: names in section {table.link}, there are {len(sections)}")
    names = sections[table.link]
    check_string_table(names)
    if table.info > count:
        raise refusal(f"{table}: first global symbol {table.info}, there are {count}")
    if count > SYMBOL_LIMIT:
        raise refusal(f"{table}: {count} symbols, the limit is {SYMBOL_LIMIT}")
    entries = enumerate(_LAYOUT.iter_unpack(table.data))
    symbols = tuple(_symbol(index, entry, names) for index, entry in entries)
    for symbol in symbols:
        _check(symbol, table.info, len(sections))
    return SymbolTable(table.index, symbols, table.info)


def _symbol(index: int, entry: tuple[int, int, int, int, int, int], names: Section) -> Symbol:
    name_offset, info, other, section, value, size = entry
    name = string_at(names, name_offset, f"symbol #{index}")
    if info >> 4 not in _BINDINGS:
        raise refusal(f"symbol {name or f'#{index}'}: unknown binding {info >> 4}")
    if info & 15 not in _TYPES:
        raise refusal(f"symbol {name or f'#{index}'}: unknown type {info & 15}")
    return Symbol(index, name, Binding(info >> 4), SymbolType(info & 15), other, section, value, size)


def _check(symbol: Symbol, first_global: int, sections: int) -> None:
    if (symbol.binding is Binding.LOCAL) != (symbol.index < first_global):
        place = "after" if symbol.binding is Binding.LOCAL else "before"
        raise refusal(f"{symbol}: {symbol.binding.name.lower()}, but {place} the first global one")
    if symbol.section == elf.SECTION_EXTENDED:
        raise refusal(f"{symbol}: extended section index, a file has fewer than 65280 sections")
    if sections <= symbol.section < elf.SECTION_RESERVED_FIRST:
        raise refusal(f"{symbol}: in section {symbol.section}, there are {sections}")
    if symbol.section > elf.SECTION_RESERVED_FIRST - 1 and symbol.section not in (
        elf.SECTION_ABSOLUTE,
        elf.SECTION_COMMON,
    ):
        raise refusal(f"{symbol}: unknown special section {symbol.section:#x}")
