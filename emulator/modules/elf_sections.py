"""The section headers of an ELF file, proven to lie inside the file and apart from each other."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from emulator.modules import elf_constants as elf
from emulator.modules.elf_constants import SectionFlag, SectionType
from emulator.modules.elf_header import ElfHeader
from emulator.modules.refusal import refusal

ALIGNMENT_LIMIT = 0x1_0000
"""Bytes; a segment is aligned to a page, so no section can ask for more than 64 KiB without waste."""
SECTION_BYTES_LIMIT = 1 << 40
"""A larger section cannot be meant; below it no sum of sizes leaves 64 bits."""
NAME_LIMIT = 2048
"""Bytes of one name, so that overlapping names of a hostile file cannot fill the host's memory."""

_LAYOUT = struct.Struct(">IIQQQQIIQQ")
_KNOWN_TYPES = frozenset(SectionType)
_NOT_LOADED_TYPES = 0x6000_0000
"""From here on types belong to operating system, processor or user: kept out of memory, or refused."""


@dataclass(frozen=True)
class Section:
    """One section: its header, and its bytes (none when it takes no room in the file)."""

    index: int
    name: str
    kind: int
    flags: int
    address: int
    offset: int
    size: int
    link: int
    info: int
    alignment: int
    entry_size: int
    data: bytes = field(repr=False)

    def __str__(self) -> str:
        return f"section {self.index} {self.name}"

    def has(self, flag: SectionFlag) -> bool:
        """Whether a flag is set."""
        return bool(self.flags & flag)

    @property
    def allocated(self) -> bool:
        """Takes memory in the guest."""
        return self.has(SectionFlag.ALLOC)

    def entries(self, size: int) -> int:
        """Number of entries. Raises ModuleError unless the section is a table of entries of that size."""
        if self.entry_size != size:
            raise refusal(f"{self}: entry size {self.entry_size}, expected {size}")
        if self.size % size:
            raise refusal(f"{self}: size {self.size:#x} is not a multiple of {size}")
        return self.size // size


@dataclass(frozen=True)
class _RawHeader:
    name: int
    kind: int
    flags: int
    address: int
    offset: int
    size: int
    link: int
    info: int
    alignment: int
    entry_size: int


def parse_sections(data: bytes, header: ElfHeader) -> tuple[Section, ...]:
    """All sections, by index. Raises ModuleError with the first one that is not as the format demands."""
    raw = [
        _RawHeader(*_LAYOUT.unpack_from(data, header.section_offset + index * elf.SECTION_HEADER_SIZE))
        for index in range(header.section_count)
    ]
    names = _name_table(data, raw, header.name_table)
    sections = tuple(
        _section(data, index, _name(names, item.name, f"section {index}"), item)
        for index, item in enumerate(raw)
    )
    _check_null(sections[0])
    _check_overlaps(sections, header)
    return sections


def _name_table(data: bytes, raw: Sequence[_RawHeader], index: int) -> bytes:
    table = raw[index]
    if table.kind != SectionType.STRTAB:
        raise refusal(f"section {index} (e_shstrndx) has type {table.kind}, expected 3 (strtab)")
    if table.offset + table.size > len(data):
        raise refusal(f"section names end at {table.offset + table.size:#x}, the file at {len(data):#x}")
    contents = data[table.offset : table.offset + table.size]
    if contents[-1:] != b"\0":
        raise refusal(f"section {index} (section names) does not end with a zero byte")
    return contents


def _name(table: bytes, offset: int, what: str) -> str:
    if offset >= len(table):
        raise refusal(f"{what}: name at {offset:#x}, the table of names has {len(table):#x} bytes")
    end = table.find(b"\0", offset, offset + NAME_LIMIT)
    if end < 0:
        raise refusal(f"{what}: a name of more than {NAME_LIMIT - 1} bytes")
    return table[offset:end].decode("utf-8", "backslashreplace")


def string_at(table: Section, offset: int, what: str) -> str:
    """The zero-terminated name at an offset of a string table. Raises ModuleError when it is not inside."""
    return _name(table.data, offset, what)


def check_string_table(table: Section) -> None:
    """Raises ModuleError unless the section is a string table that ends with a zero byte."""
    if table.kind != SectionType.STRTAB:
        raise refusal(f"{table}: type {table.kind}, expected 3 (strtab)")
    if table.data[-1:] != b"\0":
        raise refusal(f"{table}: a string table ends with a zero byte")


def _section(data: bytes, index: int, name: str, raw: _RawHeader) -> Section:
    empty = raw.kind in (SectionType.NOBITS, SectionType.NULL)
    contents = b"" if empty else data[raw.offset : raw.offset + raw.size]
    section = Section(
        index,
        name,
        raw.kind,
        raw.flags,
        raw.address,
        raw.offset,
        raw.size,
        raw.link,
        raw.info,
        raw.alignment,
        raw.entry_size,
        contents,
    )
    if raw.kind not in _KNOWN_TYPES and (raw.kind < _NOT_LOADED_TYPES or section.allocated):
        raise refusal(f"{section}: unknown type {raw.kind:#x}")
    if not empty and raw.offset + raw.size > len(data):
        raise refusal(f"{section}: ends at {raw.offset + raw.size:#x}, the file at {len(data):#x}")
    if raw.size > SECTION_BYTES_LIMIT:
        raise refusal(f"{section}: size {raw.size:#x}")
    _check_alignment(section)
    return section


def _check_alignment(section: Section) -> None:
    alignment = section.alignment
    if alignment & (alignment - 1):
        raise refusal(f"{section}: alignment {alignment:#x} is not a power of two")
    if alignment > ALIGNMENT_LIMIT:
        raise refusal(f"{section}: alignment {alignment:#x}, the limit is {ALIGNMENT_LIMIT:#x}")


def _check_null(section: Section) -> None:
    if section.kind != SectionType.NULL or section.size:
        raise refusal(f"{section}: the first section is not the empty one")


def _check_overlaps(sections: Sequence[Section], header: ElfHeader) -> None:
    table_size = header.section_count * elf.SECTION_HEADER_SIZE
    extents = [(0, elf.HEADER_SIZE, "the ELF header")]
    extents.append((header.section_offset, header.section_offset + table_size, "the section header table"))
    extents += [(item.offset, item.offset + len(item.data), str(item)) for item in sections if item.data]
    extents.sort()
    for (_, end, first), (start, _, second) in pairwise(extents):
        if start < end:
            raise refusal(f"{second} at {start:#x} overlaps {first}, which ends at {end:#x}")
