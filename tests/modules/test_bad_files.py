"""Damaged files: every kind has a line of its own that names section or symbol and value."""

from __future__ import annotations

import struct

import pytest

from emulator.abi.module import MODULE_SECTION
from emulator.modules.elf_constants import SectionFlag, SectionType, SymbolType
from tests.modules.damage import (
    Bad,
    check,
    group_of_other_table,
    in_group,
    in_header,
    in_section,
    in_symbol,
    local_undefined,
    lonely_member,
    overlapping,
    relocation_section,
    second_relocation_section,
    second_symbol_table,
    shared_member,
    two_groups,
    unmarked_member,
)
from tests.modules.samples import (
    DATA,
    FUNCTION,
    TEXT,
)

BAD_FILES = [
    # The file and its header.
    Bad("magic", in_header(magic=b"\x7fELK"), "not an ELF file: it starts with 7f 45 4c 4b"),
    Bad("class", in_header(elf_class=1), "ELF class 1, expected 2 (64-bit)"),
    Bad(
        "endianness",
        in_header(data=1),
        "ELF data encoding 1, expected 2 (big-endian)",
        "compile with -target powerpc64-freestanding-none",
    ),
    Bad("identification version", in_header(ident_version=0), "ELF identification version 0, expected 1"),
    Bad("operating system", in_header(osabi=9), "ELF OS/ABI 9, expected 0 (none) or 3 (GNU)"),
    Bad("machine", in_header(machine=62), "ELF machine 62, expected 21 (PowerPC64)"),
    Bad(
        "executable",
        in_header(file_type=2),
        "ELF type 2 (executable), expected 1 (relocatable)",
        "pass the relocatable file (.ko) that `evergreen update build` makes",
    ),
    Bad(
        "shared object",
        in_header(file_type=3),
        "ELF type 3 (shared), expected 1 (relocatable)",
        "link with `ld.lld -r`, not -shared",
    ),
    Bad("type", in_header(file_type=4), "ELF type 4 (unknown), expected 1 (relocatable)"),
    Bad("version", in_header(version=2), "ELF version 2, expected 1"),
    Bad(
        "ABI", in_header(flags=1), "ABI version 1 in e_flags, expected 2 (ELFv2)", "compile with -mabi=elfv2"
    ),
    Bad("flags", in_header(flags=6), "unknown bits in e_flags 0x6"),
    Bad("header size", in_header(header_size=52), "ELF header: e_ehsize 52, expected 64"),
    Bad("no sections", in_header(section_count=0), "ELF header: no section header table"),
    Bad("section size", in_header(section_entry_size=40), "ELF header: e_shentsize 40, expected 64"),
    Bad(
        "section table past the end",
        in_header(section_offset=0x1_0000),
        "section header table ends at 0x10300, the file at 0x660",
    ),
    Bad(
        "section table unaligned",
        in_header(section_offset=0x41),
        "section header table at 0x41 is not aligned to 8",
    ),
    Bad("names of sections", in_header(name_table=99), "ELF header: e_shstrndx 99, there are 12 sections"),
    Bad(
        "names in no string table",
        in_header(name_table=1),
        "section 1 (e_shstrndx) has type 1, expected 3 (strtab)",
    ),
    # Sections.
    Bad(
        "names past the end",
        in_section("shstrtab", size=0x1000),
        "section names end at 0x12f8, the file at 0x660",
    ),
    Bad(
        "names without end",
        in_section("shstrtab", data=b"\0.text"),
        "section 11 (section names) does not end with a zero byte",
    ),
    Bad(
        "name outside",
        in_section("data", name_offset=999),
        "section 3: name at 0x3e7, the table of names has 0x62 bytes",
    ),
    Bad(
        "section past the end",
        in_section("data", size=0x1000),
        "section 3 .data: ends at 0x10a0, the file at 0x660",
    ),
    Bad(
        "sections overlap",
        overlapping,
        "section 2 .rodata at 0x7f overlaps section 1 .text, which ends at 0x80",
    ),
    Bad(
        "section over the headers",
        in_section("debug", offset=0x20),
        "section 5 .debug_info at 0x20 overlaps the ELF header, which ends at 0x40",
    ),
    Bad("section type", in_section("rodata", kind=11), "section 2 .rodata: unknown type 0xb"),
    Bad(
        "alignment", in_section("data", alignment=12), "section 3 .data: alignment 0xc is not a power of two"
    ),
    Bad(
        "alignment beyond a page",
        in_section("bss", alignment=0x2000),
        "section 4 .bss: alignment 0x2000, memory is given in pages of 0x1000",
    ),
    Bad(
        "alignment beyond reason",
        in_section("bss", alignment=1 << 40),
        "section 4 .bss: alignment 0x10000000000, the limit is 0x10000",
    ),
    Bad("size beyond reason", in_section("bss", size=1 << 63), "section 4 .bss: size 0x8000000000000000"),
    Bad("writable and executable", in_section("text", flags=7), "section 1 .text: writable and executable"),
    Bad(
        "address",
        in_section("data", address=0x1000),
        "section 3 .data: address 0x1000, a relocatable section has none",
    ),
    Bad(
        "thread-local section",
        in_section("data", flags=DATA | SectionFlag.TLS),
        "section 3 .data: thread-local storage",
        "the kernel has none: use a member of the thread",
    ),
    Bad(
        "compressed section",
        in_section("data", flags=DATA | SectionFlag.COMPRESSED),
        "section 3 .data: compressed",
        "compile without -gz",
    ),
    Bad(
        "old constructors",
        in_section("data", name=".ctors"),
        "section 3 .ctors: constructors of this kind are not run",
        "use .init_array, as clang does",
    ),
    Bad(
        "code without contents", in_section("bss", flags=TEXT), "section 4 .bss: executable without contents"
    ),
    Bad(
        "first section",
        lambda writer: writer.sections.pop(0),
        "section 0 .text: the first section is not the empty one",
    ),
    Bad(
        "metadata twice",
        lambda writer: writer.section(MODULE_SECTION),
        "section 7 .evergreen.module: a second section of this name",
    ),
    # Symbols.
    Bad(
        "no symbols",
        lambda writer: setattr(writer, "with_symbols", False),
        "no symbol table",
        "do not strip it",
    ),
    Bad("second symbol table", second_symbol_table, "section 8 .symtab: a second symbol table"),
    Bad("symbol size", in_section("symtab", entry_size=16), "section 7 .symtab: entry size 16, expected 24"),
    Bad(
        "half a symbol",
        in_section("symtab", data=bytes(25)),
        "section 7 .symtab: size 0x19 is not a multiple of 24",
    ),
    Bad(
        "symbol names in no section",
        in_section("symtab", link=77),
        "section 7 .symtab: names in section 77, there are 12",
    ),
    Bad("symbol names in code", in_section("symtab", link=1), "section 1 .text: type 1, expected 3 (strtab)"),
    Bad(
        "symbol names without end",
        in_section("strtab", data=b"\0abc"),
        "section 8 .strtab: a string table ends with a zero byte",
    ),
    Bad(
        "first global", in_section("symtab", info=9), "section 7 .symtab: first global symbol 9, there are 4"
    ),
    Bad(
        "global among locals",
        in_section("symtab", info=2),
        "symbol module_init: global, but before the first global one",
    ),
    Bad(
        "symbol name",
        in_symbol(1, name_offset=500),
        "symbol #2: name at 0x1f4, the table of names has 0x1a bytes",
    ),
    Bad("symbol binding", in_symbol(1, binding=10), "symbol own_data: unknown binding 10"),
    Bad("symbol type", in_symbol(1, kind=8), "symbol own_data: unknown type 8"),
    Bad("symbol section", in_symbol(1, section=50), "symbol own_data: in section 50, there are 12"),
    Bad("special section", in_symbol(1, section=0xFF20), "symbol own_data: unknown special section 0xff20"),
    Bad(
        "extended section",
        in_symbol(1, section=0xFFFF),
        "symbol own_data: extended section index, a file has fewer than 65280 sections",
    ),
    Bad(
        "thread-local symbol",
        in_symbol(1, kind=SymbolType.TLS),
        "symbol own_data: thread-local",
        "the kernel has no thread-local storage",
    ),
    Bad(
        "indirect function",
        in_symbol(0, kind=SymbolType.IFUNC),
        "symbol module_init: an indirect function cannot be resolved in the kernel",
    ),
    Bad("common symbol", in_symbol(1, section=0xFFF2), "symbol own_data: common", "compile with -fno-common"),
    Bad(
        "local entry",
        in_symbol(0, other=0xE0),
        "symbol module_init: reserved local entry value 7 in st_other 0xe0",
    ),
    Bad("nameless", in_symbol(1, name=""), "symbol #2: global without a name"),
    Bad("local undefined", local_undefined, "symbol lost: local without a definition"),
    Bad(
        "symbol past the end",
        in_symbol(1, size=0x100),
        "symbol own_data: ends at 0x108 of .data, which has 0x20 bytes",
    ),
    Bad(
        "function in data",
        in_symbol(1, kind=FUNCTION),
        "symbol own_data: a function in .data, which is not executable",
    ),
    Bad(
        "function unaligned",
        in_symbol(0, value=2),
        "symbol module_init: a function at .text+0x2, not aligned to 4",
    ),
    Bad(
        "local entry outside",
        in_symbol(0, value=0x3C, size=4, other=6 << 5),
        "symbol module_init: local entry 64 bytes after it is outside .text",
    ),
    Bad(
        "symbol twice",
        lambda writer: writer.symbol("own_data", 3, 16),
        "symbol own_data: two entries in the symbol table",
    ),
    # Groups.
    Bad("group flags", in_group(flags=0x10), "section 12 .group: group flags 16, expected 1 (COMDAT)"),
    Bad("group member", in_group(member=90), "section 12 .group: member 90, there are 14 sections"),
    Bad(
        "group member unmarked",
        unmarked_member,
        "section 12 .group: member section 7 .text.inline is not marked as a group's member",
    ),
    Bad("group twice", two_groups, "section 14 .group: a second group with signature inline_function"),
    Bad(
        "member of two groups",
        shared_member,
        "section 7 .text.inline: in the groups inline_function and second_signature",
    ),
    Bad(
        "member of no group", lonely_member, "section 7 .text.inline: marked as a group's member, in no group"
    ),
    Bad(
        "group of another table",
        group_of_other_table,
        "section 7 .group: linked to section 2, the symbol table is 8",
    ),
    # Relocation sections.
    Bad(
        "relocations without addends",
        relocation_section(kind=SectionType.REL),
        "section 7 .rela.odd: entries without addends, PowerPC64 uses RELA",
    ),
    Bad(
        "relocation entries",
        relocation_section(entry_size=16),
        "section 7 .rela.odd: entry size 16, expected 24",
    ),
    Bad(
        "relocations of another table",
        relocation_section(link=2),
        "section 7 .rela.odd: linked to section 2, the symbol table is 8",
    ),
    Bad(
        "relocations of nothing",
        relocation_section(info=88),
        "section 7 .rela.odd: patches section 88, there are 11",
    ),
    Bad(
        "relocations of .bss",
        relocation_section(info=4),
        "section 7 .rela.odd: patches .bss, which has no bytes in the file",
    ),
    Bad(
        "relocations of symbols",
        relocation_section(info=8),
        "section 7 .rela.odd: patches .symtab, a section of type 2",
    ),
    Bad(
        "relocations twice",
        second_relocation_section,
        "section 10 .rela.text: a second relocation section for .text",
    ),
    Bad(
        "relocation's symbol",
        relocation_section(data=struct.pack(">QQQ", 0, 55 << 32 | 38, 0)),
        "section 7 .rela.odd, entry 0: symbol index 55, the table has 4",
    ),
    Bad(
        "relocation outside",
        relocation_section(data=struct.pack(">QQQ", 0x40, 38, 0)),
        "section 7 .rela.odd, entry 0: at 0x40, .text has 0x40 bytes",
    ),
]


@pytest.mark.parametrize("bad", BAD_FILES, ids=[bad.name for bad in BAD_FILES])
def test_one_line_that_names_it(bad: Bad) -> None:
    check(bad)
