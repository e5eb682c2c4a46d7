"""The ELF file header of a module or of the kernel image."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from emulator.modules import elf_constants as elf
from emulator.modules.elf_constants import FileType
from emulator.modules.refusal import refusal

FILE_LIMIT = 64 << 20
"""Bytes; a larger file is refused before it is looked at."""

_LAYOUT = struct.Struct(">HHIQQQIHHHHHH")
_TYPE_HINTS: dict[int, str] = {
    FileType.EXECUTABLE: "pass the relocatable file (.ko) that `evergreen update build` makes",
    FileType.SHARED: "link with `ld.lld -r`, not -shared",
}


@dataclass(frozen=True)
class ElfHeader:
    """What the rest of the reader needs to know of the file header."""

    entry: int
    section_offset: int
    section_count: int
    name_table: int

    @classmethod
    def parse(cls, data: bytes, wanted: FileType) -> ElfHeader:
        """Checks identification, type, machine and ABI. Raises ModuleError with the first fault."""
        if len(data) > FILE_LIMIT:
            raise refusal(f"file of {len(data)} bytes: the limit is {FILE_LIMIT}")
        if len(data) < elf.HEADER_SIZE:
            raise refusal(f"file of {len(data)} bytes: an ELF header takes {elf.HEADER_SIZE}")
        _check_identification(data)
        (
            file_type,
            machine,
            version,
            entry,
            _program_offset,
            section_offset,
            flags,
            header_size,
            _program_size,
            _program_count,
            section_size,
            section_count,
            name_table,
        ) = _LAYOUT.unpack_from(data, 16)
        _check_kind(file_type, machine, version, flags, wanted)
        if header_size != elf.HEADER_SIZE:
            raise refusal(f"ELF header: e_ehsize {header_size}, expected {elf.HEADER_SIZE}")
        header = cls(entry, section_offset, section_count, name_table)
        header._check_section_table(len(data), section_size)
        return header

    def _check_section_table(self, file_size: int, section_size: int) -> None:
        if self.section_offset == 0 or self.section_count == 0:
            raise refusal("ELF header: no section header table")
        if section_size != elf.SECTION_HEADER_SIZE:
            raise refusal(f"ELF header: e_shentsize {section_size}, expected {elf.SECTION_HEADER_SIZE}")
        end = self.section_offset + self.section_count * elf.SECTION_HEADER_SIZE
        if end > file_size:
            raise refusal(f"section header table ends at {end:#x}, the file at {file_size:#x}")
        if self.section_offset % 8:
            raise refusal(f"section header table at {self.section_offset:#x} is not aligned to 8")
        if not 0 < self.name_table < self.section_count:
            count = self.section_count
            raise refusal(f"ELF header: e_shstrndx {self.name_table}, there are {count} sections")


def _check_identification(data: bytes) -> None:
    if data[:4] != elf.MAGIC:
        raise refusal(f"not an ELF file: it starts with {data[:4].hex(' ')}")
    if data[4] != elf.CLASS_64:
        raise refusal(f"ELF class {data[4]}, expected 2 (64-bit)")
    if data[5] != elf.DATA_BIG_ENDIAN:
        raise refusal(
            f"ELF data encoding {data[5]}, expected 2 (big-endian)",
            "compile with -target powerpc64-freestanding-none",
        )
    if data[6] != elf.VERSION_CURRENT:
        raise refusal(f"ELF identification version {data[6]}, expected {elf.VERSION_CURRENT}")
    if data[7] not in (elf.OSABI_NONE, elf.OSABI_GNU):
        raise refusal(f"ELF OS/ABI {data[7]}, expected 0 (none) or 3 (GNU)")


def _check_kind(file_type: int, machine: int, version: int, flags: int, wanted: FileType) -> None:
    if machine != elf.MACHINE_PPC64:
        raise refusal(f"ELF machine {machine}, expected {elf.MACHINE_PPC64} (PowerPC64)")
    if file_type != wanted:
        names = {kind.value: kind.name.lower() for kind in FileType}
        hint = _TYPE_HINTS.get(file_type, "") if wanted is FileType.RELOCATABLE else ""
        expected = f"{wanted.value} ({wanted.name.lower()})"
        raise refusal(f"ELF type {file_type} ({names.get(file_type, 'unknown')}), expected {expected}", hint)
    if version != elf.VERSION_CURRENT:
        raise refusal(f"ELF version {version}, expected {elf.VERSION_CURRENT}")
    if flags & elf.ABI_FLAGS_MASK != elf.ABI_V2:
        raise refusal(
            f"ABI version {flags & elf.ABI_FLAGS_MASK} in e_flags, expected {elf.ABI_V2} (ELFv2)",
            "compile with -mabi=elfv2",
        )
    if flags & ~elf.ABI_FLAGS_MASK:
        raise refusal(f"unknown bits in e_flags {flags:#x}")
