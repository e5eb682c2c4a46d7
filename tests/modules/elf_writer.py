"""Generates ELF files, good and bad, for the tests of the module reader."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field, replace

from emulator.modules.elf_constants import Binding, FileType, SectionFlag, SectionType, SymbolType

NULL, PROGBITS, SYMTAB, STRTAB, RELA = 0, 1, 2, 3, 4
ABSOLUTE = 0xFFF1


@dataclass
class SectionSpec:
    """A section to be written. ``offset`` and ``size`` are computed unless given."""

    name: str
    kind: int = SectionType.PROGBITS
    flags: int = 0
    data: bytes = b""
    address: int = 0
    link: int = 0
    info: int = 0
    alignment: int = 1
    entry_size: int = 0
    offset: int | None = None
    size: int | None = None
    name_offset: int | None = None


@dataclass
class SymbolSpec:
    """A symbol to be written; ``section`` is the index of a section added before."""

    name: str
    section: int = 0
    value: int = 0
    size: int = 0
    binding: int = Binding.GLOBAL
    kind: int = SymbolType.NONE
    other: int = 0
    name_offset: int | None = None


@dataclass
class RelocationSpec:
    """A relocation of ``section`` against a symbol by name or by its number."""

    section: int
    offset: int
    number: int
    symbol: str | int
    addend: int = 0


@dataclass
class Header:
    """Fields of the file header; what is None is computed."""

    magic: bytes = b"\x7fELF"
    elf_class: int = 2
    data: int = 2
    ident_version: int = 1
    osabi: int = 0
    file_type: int = FileType.RELOCATABLE
    machine: int = 21
    version: int = 1
    entry: int = 0
    flags: int = 2
    header_size: int = 64
    section_entry_size: int = 64
    section_count: int | None = None
    section_offset: int | None = None
    name_table: int | None = None


@dataclass
class ElfWriter:
    """Collects sections, symbols and relocations; :meth:`build` gives the file."""

    header: Header = field(default_factory=Header)
    sections: list[SectionSpec] = field(default_factory=lambda: [SectionSpec("", NULL, alignment=0)])
    symbols: list[SymbolSpec] = field(default_factory=list)
    relocations: list[RelocationSpec] = field(default_factory=list)
    groups: list[tuple[str, list[int], int]] = field(default_factory=list)
    with_symbols: bool = True
    symtab: SectionSpec = field(
        default_factory=lambda: SectionSpec(".symtab", SYMTAB, alignment=8, entry_size=24)
    )
    strtab: SectionSpec = field(default_factory=lambda: SectionSpec(".strtab", STRTAB))
    shstrtab: SectionSpec = field(default_factory=lambda: SectionSpec(".shstrtab", STRTAB))
    keep_order: bool = False

    def section(self, name: str, data: bytes = b"", flags: int = 0, **more: int) -> int:
        """Adds a section and gives its index."""
        self.sections.append(SectionSpec(name, data=data, flags=flags, **more))
        return len(self.sections) - 1

    def symbol(self, name: str, section: int = 0, value: int = 0, **more: int) -> None:
        """Adds a symbol."""
        self.symbols.append(SymbolSpec(name, section, value, **more))

    def relocation(self, section: int, offset: int, number: int, symbol: str | int, addend: int = 0) -> None:
        """Adds a relocation."""
        self.relocations.append(RelocationSpec(section, offset, number, symbol, addend))

    def group(self, signature: str, *members: int, flags: int = 1) -> None:
        """Adds a COMDAT group and marks its members."""
        for member in members:
            if member < len(self.sections):
                self.sections[member].flags |= SectionFlag.GROUP
        self.groups.append((signature, list(members), flags))

    def build(self) -> bytes:
        """The file: header, sections in order, section headers. May be called again after changes."""
        sections = [replace(section) for section in self.sections]
        if self.with_symbols:
            self._add_tables(sections)
        sections.append(self._names(sections))
        return _assemble(self.header, sections)

    def _ordered_symbols(self) -> list[SymbolSpec]:
        null = SymbolSpec("", binding=Binding.LOCAL)
        if self.keep_order:
            return [null, *self.symbols]
        return [null, *sorted(self.symbols, key=lambda item: item.binding != Binding.LOCAL)]

    def _add_tables(self, sections: list[SectionSpec]) -> None:
        symbols = self._ordered_symbols()
        numbers = {symbol.name: number for number, symbol in enumerate(symbols)}
        strings = bytearray(b"\0")
        entries = b""
        for symbol in symbols:
            entries += _symbol_entry(symbol, strings)
        symtab_index = len(sections)
        symtab = replace(self.symtab)
        symtab.data = symtab.data or entries
        symtab.link = symtab.link or symtab_index + 1
        first_global = sum(symbol.binding == Binding.LOCAL for symbol in symbols)
        symtab.info = symtab.info or first_global
        strtab = replace(self.strtab)
        strtab.data = strtab.data or bytes(strings)
        sections += [symtab, strtab]
        sections += _relocation_sections(self.relocations, numbers, symtab_index, sections)
        for signature, members, flags in self.groups:
            data = struct.pack(f">{len(members) + 1}I", flags, *members)
            sections.append(
                SectionSpec(
                    ".group", SectionType.GROUP, 0, data, 0, symtab_index, numbers[signature], 4, entry_size=4
                )
            )

    def _names(self, sections: list[SectionSpec]) -> SectionSpec:
        table = replace(self.shstrtab)
        strings = bytearray(b"\0")
        for section in [*sections, table]:
            if section.name_offset is None:
                section.name_offset = len(strings) if section.name else 0
                strings += section.name.encode() + b"\0" if section.name else b""
        table.data = table.data or bytes(strings)
        return table


def _symbol_entry(symbol: SymbolSpec, strings: bytearray) -> bytes:
    offset = symbol.name_offset
    if offset is None:
        offset = len(strings) if symbol.name else 0
        strings += symbol.name.encode("latin-1") + b"\0" if symbol.name else b""
    info = symbol.binding << 4 | symbol.kind
    return struct.pack(">IBBHQQ", offset, info, symbol.other, symbol.section, symbol.value, symbol.size)


def _relocation_sections(
    relocations: list[RelocationSpec], numbers: dict[str, int], symtab: int, sections: list[SectionSpec]
) -> list[SectionSpec]:
    made = []
    for section in dict.fromkeys(item.section for item in relocations):
        data = b""
        for item in relocations:
            if item.section == section:
                symbol = numbers[item.symbol] if isinstance(item.symbol, str) else item.symbol
                addend = item.addend & 0xFFFF_FFFF_FFFF_FFFF
                data += struct.pack(">QQQ", item.offset, symbol << 32 | item.number, addend)
        name = ".rela" + (sections[section].name if section < len(sections) else "")
        made.append(SectionSpec(name, RELA, SectionFlag.INFO_LINK, data, 0, symtab, section, 8, 24))
    return made


def _assemble(header: Header, sections: list[SectionSpec]) -> bytes:
    body = bytearray(64)
    for section in sections:
        if section.offset is None:
            body += bytes(-len(body) % max(section.alignment, 1) if section.alignment < 0x1000 else 0)
            section.offset = len(body)
            body += section.data
    body += bytes(-len(body) % 8)
    table = len(body)
    for section in sections:
        body += struct.pack(
            ">IIQQQQIIQQ",
            section.name_offset or 0,
            section.kind,
            section.flags,
            section.address,
            section.offset or 0,
            len(section.data) if section.size is None else section.size,
            section.link,
            section.info,
            section.alignment,
            section.entry_size,
        )
    body[:64] = _header_bytes(header, table, len(sections))
    return bytes(body)


def _header_bytes(header: Header, table: int, count: int) -> bytes:
    ident = header.magic + bytes((header.elf_class, header.data, header.ident_version, header.osabi))
    return ident.ljust(16, b"\0") + struct.pack(
        ">HHIQQQIHHHHHH",
        header.file_type,
        header.machine,
        header.version,
        header.entry,
        0,
        table if header.section_offset is None else header.section_offset,
        header.flags,
        header.header_size,
        0,
        0,
        header.section_entry_size,
        count if header.section_count is None else header.section_count,
        count - 1 if header.name_table is None else header.name_table,
    )
