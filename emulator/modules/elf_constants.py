"""Numbers of the ELF format that the module reader uses (System V gABI, ELFv2 ABI for Power chapter 3)."""

from enum import IntEnum, IntFlag
from typing import Final

MAGIC: Final = b"\x7fELF"
CLASS_64: Final = 2
DATA_BIG_ENDIAN: Final = 2
VERSION_CURRENT: Final = 1
OSABI_NONE: Final = 0
OSABI_GNU: Final = 3
MACHINE_PPC64: Final = 21
ABI_FLAGS_MASK: Final = 3
ABI_V2: Final = 2

HEADER_SIZE: Final = 64
SECTION_HEADER_SIZE: Final = 64
SYMBOL_SIZE: Final = 24
RELA_SIZE: Final = 24
GROUP_COMDAT: Final = 1

SECTION_UNDEFINED: Final = 0
SECTION_RESERVED_FIRST: Final = 0xFF00
SECTION_ABSOLUTE: Final = 0xFFF1
SECTION_COMMON: Final = 0xFFF2
SECTION_EXTENDED: Final = 0xFFFF

NOTE_GNU_BUILD_ID: Final = 3


class FileType(IntEnum):
    """e_type."""

    RELOCATABLE = 1
    EXECUTABLE = 2
    SHARED = 3


class SectionType(IntEnum):
    """sh_type of the sections that a module or a kernel image may hold."""

    NULL = 0
    PROGBITS = 1
    SYMTAB = 2
    STRTAB = 3
    RELA = 4
    NOTE = 7
    NOBITS = 8
    REL = 9
    INIT_ARRAY = 14
    FINI_ARRAY = 15
    PREINIT_ARRAY = 16
    GROUP = 17
    SYMTAB_SHNDX = 18


class SectionFlag(IntFlag):
    """sh_flags."""

    WRITE = 0x1
    ALLOC = 0x2
    EXECUTE = 0x4
    MERGE = 0x10
    STRINGS = 0x20
    INFO_LINK = 0x40
    LINK_ORDER = 0x80
    GROUP = 0x200
    TLS = 0x400
    COMPRESSED = 0x800
    EXCLUDE = 0x8000_0000


class Binding(IntEnum):
    """Upper half of st_info."""

    LOCAL = 0
    GLOBAL = 1
    WEAK = 2


class SymbolType(IntEnum):
    """Lower half of st_info."""

    NONE = 0
    OBJECT = 1
    FUNCTION = 2
    SECTION = 3
    FILE = 4
    COMMON = 5
    TLS = 6
    IFUNC = 10


class Visibility(IntEnum):
    """Low two bits of st_other."""

    DEFAULT = 0
    INTERNAL = 1
    HIDDEN = 2
    PROTECTED = 3


def local_entry_offset(other: int) -> int:
    """Bytes from a function's global to its local entry point (ELFv2 section 3.4.1, bits 5..7 of st_other).

    0 for the values 0 and 1, of which 1 also says that the function does not keep r2; 7 is reserved.
    """
    code = other >> 5
    return 1 << code if 2 <= code <= 6 else 0


def keeps_toc(other: int) -> bool:
    """Whether a call to the local entry returns with the caller's r2."""
    return other >> 5 != 1
