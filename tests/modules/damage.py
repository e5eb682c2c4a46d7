"""Ways to damage the sample module, and the line that each must give."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from emulator.abi.module import MODULE_HEADER_RECORD
from emulator.errors import ModuleError
from emulator.modules import link_module
from emulator.modules.elf_constants import SectionFlag, SectionType
from tests.modules.elf_writer import RELA, SectionSpec
from tests.modules.samples import (
    BL,
    CONSTANT,
    DATA,
    FUNCTION,
    NOP,
    OBJECT,
    OTHER_BUILD_ID,
    TEXT,
    ModuleWriter,
    kernel,
    words,
)


@dataclass(frozen=True)
class Bad:
    """One kind of damage, and all that the user reads."""

    name: str
    damage: Callable[[ModuleWriter], object]
    line: str
    hint: str = ""


def in_header(**fields: object) -> Callable[[ModuleWriter], object]:
    """Changes fields of the file header."""

    def damage(writer: ModuleWriter) -> None:
        for name, value in fields.items():
            setattr(writer.header, name, value)

    return damage


def in_section(which: str, **fields: object) -> Callable[[ModuleWriter], object]:
    """Changes fields of a section of the sample: text, data, bss, metadata, symtab, strtab and so on."""

    def damage(writer: ModuleWriter) -> None:
        found = getattr(writer, which)
        section = found if isinstance(found, SectionSpec) else writer.sections[found]
        for name, value in fields.items():
            setattr(section, name, value)

    return damage


def in_symbol(index: int, **fields: object) -> Callable[[ModuleWriter], object]:
    """Changes fields of a symbol: 0 module_init, 1 own_data, 2 kernel_print."""

    def damage(writer: ModuleWriter) -> None:
        for name, value in fields.items():
            setattr(writer.symbols[index], name, value)

    return damage


def renamed(index: int, name: str) -> Callable[[ModuleWriter], object]:
    """Gives a symbol, and what refers to it, another name."""

    def damage(writer: ModuleWriter) -> None:
        old = writer.symbols[index].name
        writer.symbols[index].name = name
        for relocation in writer.relocations:
            if relocation.symbol == old:
                relocation.symbol = name

    return damage


def in_metadata(offset: int, data: bytes) -> Callable[[ModuleWriter], object]:
    """Overwrites bytes of the metadata record."""

    def damage(writer: ModuleWriter) -> None:
        section = writer.sections[writer.metadata]
        section.data = section.data[:offset] + data + section.data[offset + len(data) :]

    return damage


def field(name: str) -> int:
    return MODULE_HEADER_RECORD.offset(name)


def relocated(
    number: int, symbol: str = "own_data", offset: int = 0, addend: int = 0
) -> Callable[[ModuleWriter], object]:
    """Replaces the relocations by one of the text."""

    def damage(writer: ModuleWriter) -> None:
        writer.relocations.clear()
        writer.relocation(writer.text, offset, number, symbol, addend)

    return damage


def branch_to_kernel_data(writer: ModuleWriter) -> None:
    relocated(10, "kernel_data")(writer)
    writer.symbol("kernel_data")


def call_that_spoils_r2(writer: ModuleWriter) -> None:
    relocated(10, "module_init", 8)(writer)
    writer.symbols[0].other = 1 << 5


def local_undefined(writer: ModuleWriter) -> None:
    writer.symbol("lost", binding=0)


def weak_data(name: str, size: int) -> Callable[[ModuleWriter], object]:
    return lambda writer: writer.symbol(name, writer.data, 0, size=size, binding=2, kind=OBJECT)


def more_undefined(writer: ModuleWriter) -> None:
    for letter in "abcdefghij":
        writer.symbol(f"missing_{letter}")


def overlapping(writer: ModuleWriter) -> None:
    writer.sections[writer.rodata].offset = 0x7F
    writer.sections[writer.rodata].size = 1


def second_symbol_table(writer: ModuleWriter) -> None:
    writer.sections.append(
        SectionSpec(".symtab.2", SectionType.SYMTAB, data=bytes(24), link=8, entry_size=24)
    )


def in_group(flags: int = 1, member: int | None = None) -> Callable[[ModuleWriter], object]:
    def damage(writer: ModuleWriter) -> None:
        section = writer.section(".text.inline", words(BL, NOP), TEXT, alignment=4)
        writer.symbol("inline_function", section, size=8, binding=2, kind=FUNCTION)
        writer.group("inline_function", section if member is None else member, flags=flags)

    return damage


def two_groups(writer: ModuleWriter) -> None:
    in_group()(writer)
    second = writer.section(".data.inline", bytes(8), DATA, alignment=4)
    writer.group("inline_function", second)


def shared_member(writer: ModuleWriter) -> None:
    in_group()(writer)
    writer.symbol("second_signature", len(writer.sections) - 1, size=4, binding=2, kind=FUNCTION)
    writer.group("second_signature", len(writer.sections) - 1)


def unmarked_member(writer: ModuleWriter) -> None:
    in_group()(writer)
    writer.sections[-1].flags &= ~SectionFlag.GROUP


def lonely_member(writer: ModuleWriter) -> None:
    in_group()(writer)
    writer.groups.clear()


def group_of_other_table(writer: ModuleWriter) -> None:
    data = struct.pack(">II", 1, 1)
    writer.sections.append(SectionSpec(".group", SectionType.GROUP, data=data, link=2, entry_size=4))


def second_relocation_section(writer: ModuleWriter) -> None:
    entry = bytes(24)
    table = len(writer.sections) + 1
    writer.sections.append(SectionSpec(".rela.more", RELA, 0, entry, 0, table, writer.text, 8, 24))


def relocation_section(**fields: object) -> Callable[[ModuleWriter], object]:
    def damage(writer: ModuleWriter) -> None:
        writer.relocations.clear()
        made = SectionSpec(".rela.odd", RELA, 0, bytes(24), 0, 8, writer.text, 8, 24)
        for name, value in fields.items():
            setattr(made, name, value)
        writer.sections.append(made)

    return damage


def constructor_array(data: bytes, alignment: int = 8) -> Callable[[ModuleWriter], object]:
    def damage(writer: ModuleWriter) -> None:
        writer.section(".init_array", data, DATA, kind=SectionType.INIT_ARRAY, alignment=alignment)

    return damage


def destructor_of_data(writer: ModuleWriter) -> None:
    made = writer.section(".fini_array", bytes(8), DATA, kind=SectionType.FINI_ARRAY, alignment=8)
    writer.relocation(made, 0, 38, "own_data")


def against_eh_frame(writer: ModuleWriter) -> None:
    frame = writer.section(".eh_frame", bytes(16), CONSTANT, alignment=8)
    writer.symbol("frame_start", frame, binding=0)
    writer.relocation(writer.data, 8, 38, "frame_start")


def far_call(offset: int, first: int, second: int) -> Callable[[ModuleWriter], object]:
    """Small code model (own TOC) with a call into the kernel of that form."""

    def damage(writer: ModuleWriter) -> None:
        writer.sections[writer.text].data = words(first, second, NOP, NOP)
        writer.symbols[0].size = 16
        writer.relocations.clear()
        writer.relocation(writer.text, offset, 10, "kernel_print")
        writer.relocation(writer.text, 10, 47, "entry_of_toc")
        toc = writer.section(".toc", bytes(8), DATA, alignment=8)
        writer.symbol("entry_of_toc", toc, binding=0)

    return damage


def large(writer: ModuleWriter) -> None:
    writer.sections[writer.bss].size = 0x10_0000_0000


def removed_metadata(writer: ModuleWriter) -> None:
    writer.sections[writer.metadata].name = ".evergreen.other"


def relocated_metadata(writer: ModuleWriter) -> None:
    writer.relocation(writer.metadata, 0, 38, "own_data")


HEADER = MODULE_HEADER_RECORD.size
# Of the first format, before `irreversible` was added.
HEADER_LEAST = 160
KERNEL_ID, OTHER_ID = bytes(range(20)).hex(), OTHER_BUILD_ID.hex()
REBUILD = "build the module again with `evergreen update build`"
RENAME = "rename it, make it static, or put the class into a new `inline namespace vN`"
SHARE = "define it in one source file, or give it internal linkage (static, unnamed namespace)"
POWER10 = "the machine's instruction set ends before it: compile with -mcpu=970"


def message(data: bytes) -> str:
    """What the user reads when the module is refused."""
    with pytest.raises(ModuleError) as caught:
        link_module(data, kernel())
    return str(caught.value)


def check(bad: Bad) -> None:
    """Asserts the whole of it."""
    writer = ModuleWriter()
    bad.damage(writer)
    assert message(writer.build()) == (f"{bad.line}\n{bad.hint}" if bad.hint else bad.line)
