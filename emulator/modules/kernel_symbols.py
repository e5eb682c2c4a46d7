"""What modules can be linked against: the symbols of the kernel image and of modules already loaded."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from emulator.abi.module import BUILD_ID_BYTES
from emulator.errors import ModuleError
from emulator.modules import elf_constants as elf
from emulator.modules.elf_constants import Binding, FileType, SectionFlag, SectionType, SymbolType, Visibility
from emulator.modules.elf_header import ElfHeader
from emulator.modules.elf_sections import Section, parse_sections
from emulator.modules.elf_symbols import Symbol, parse_symbols
from emulator.modules.refusal import refusal
from emulator.modules.symbol_index import SymbolIndex

_TOC_SYMBOL = ".TOC."
_TOC_BIAS = 0x8000
"""The TOC base is this far after the start of .got, so that 16-bit offsets reach 64 KiB (ELFv2 3.3)."""


@dataclass(frozen=True, slots=True)
class ExportedSymbol:
    """A global function or object at its address. ``toc`` is what r2 must hold in the code it belongs to."""

    name: str
    address: int
    size: int
    kind: SymbolType
    weak: bool
    writable: bool
    other: int
    toc: int

    @property
    def local_entry(self) -> int:
        """Bytes from global to local entry point."""
        return elf.local_entry_offset(self.other)


@dataclass(frozen=True)
class KernelSymbols:
    """The kernel's exported symbols, TOC base and build-id (20 bytes); ``index`` finds names of addresses."""

    symbols: Mapping[str, ExportedSymbol] = field(repr=False)
    toc: int
    build_id: bytes
    index: SymbolIndex = field(repr=False)

    @classmethod
    def from_elf(cls, data: bytes) -> KernelSymbols:
        """Reads a linked kernel image. Raises ModuleError when it is damaged or lacks symbols or build-id."""
        try:
            sections = parse_sections(data, ElfHeader.parse(data, FileType.EXECUTABLE))
            table = parse_symbols(sections)
        except ModuleError as error:
            raise ModuleError(f"kernel image: {error}") from None
        build_id = build_id_of(data)
        toc = _toc_base(sections, table.symbols)
        exported = {
            symbol.name: _exported(symbol, sections, toc) for symbol in table.symbols if _is_exported(symbol)
        }
        return cls(exported, toc, build_id, SymbolIndex.of_image(table.symbols))

    def exports(self, name: str) -> ExportedSymbol | None:
        """The symbol of that name, None when the kernel does not export one."""
        return self.symbols.get(name)


@dataclass(frozen=True)
class LoadedModule:
    """A module that is in the guest: what others that require it can link against."""

    name: str
    revision: int
    symbols: Mapping[str, ExportedSymbol] = field(repr=False)


def build_id_of(data: bytes) -> bytes:
    """The build-id of a linked kernel image, 20 bytes; reads nothing else. Raises ModuleError."""
    try:
        build_id = find_build_id(parse_sections(data, ElfHeader.parse(data, FileType.EXECUTABLE)))
    except ModuleError as error:
        raise ModuleError(f"kernel image: {error}") from None
    if build_id is None:
        raise refusal("kernel image: no GNU build-id note", "link it with --build-id=sha1")
    return build_id


def find_build_id(sections: Sequence[Section]) -> bytes | None:
    """The 20 bytes of the GNU build-id note, None without one. Raises ModuleError for one of another size."""
    for section in sections:
        if section.kind != SectionType.NOTE or not section.name.startswith(".note.gnu.build-id"):
            continue
        if len(section.data) < 12:
            raise refusal(f"{section}: a note of {len(section.data)} bytes")
        name_size, size, kind = struct.unpack_from(">III", section.data)
        contents = section.data[16:]
        if (name_size, kind) != (4, elf.NOTE_GNU_BUILD_ID) or section.data[12:16] != b"GNU\0":
            raise refusal(f"{section}: not a GNU build-id note")
        if size != BUILD_ID_BYTES or len(contents) < size:
            raise refusal(f"{section}: a build-id of {size} bytes, expected {BUILD_ID_BYTES}")
        return contents[:size]
    return None


def _toc_base(sections: Sequence[Section], symbols: Sequence[Symbol]) -> int:
    named = next((symbol for symbol in symbols if symbol.name == _TOC_SYMBOL and symbol.defined), None)
    if named is not None:
        return named.value
    got = next((section for section in sections if section.name == ".got"), None)
    if got is None:
        raise refusal("kernel image: neither .TOC. nor .got, its TOC base is unknown")
    return got.address + _TOC_BIAS


def _is_exported(symbol: Symbol) -> bool:
    return (
        symbol.defined
        and symbol.binding is not Binding.LOCAL
        and symbol.visibility in (Visibility.DEFAULT, Visibility.PROTECTED)
        and symbol.name != _TOC_SYMBOL
    )


def _exported(symbol: Symbol, sections: Sequence[Section], toc: int) -> ExportedSymbol:
    in_section = symbol.section < elf.SECTION_RESERVED_FIRST
    return ExportedSymbol(
        symbol.name,
        symbol.value,
        symbol.size,
        symbol.kind,
        symbol.binding is Binding.WEAK,
        in_section and sections[symbol.section].has(SectionFlag.WRITE),
        symbol.other,
        toc,
    )
