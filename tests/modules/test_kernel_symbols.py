"""What is read from the kernel's image, and images that are refused."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest

from emulator.errors import ModuleError
from emulator.modules import KernelSymbols
from emulator.modules.elf_constants import local_entry_offset
from tests.modules.elf_writer import ElfWriter
from tests.modules.samples import (
    BUILD_ID,
    CONSTANT,
    KERNEL_DATA,
    KERNEL_TEXT,
    KERNEL_TOC,
    kernel,
    kernel_writer,
)


def test_symbols_build_id_and_toc() -> None:
    symbols = kernel()
    assert symbols.build_id == BUILD_ID
    assert symbols.toc == KERNEL_TOC
    printer = symbols.exports("kernel_print")
    assert printer is not None
    assert (printer.address, printer.local_entry, printer.weak) == (KERNEL_TEXT, 8, False)
    data = symbols.exports("kernel_inline_data")
    assert data is not None
    assert (data.writable, data.weak, data.size, data.local_entry) == (True, True, 8, 0)
    constant = symbols.exports("kernel_constant")
    assert constant is not None
    assert not constant.writable
    for absent in ("kernel_static", ".TOC.", "", "nothing"):
        assert symbols.exports(absent) is None


@pytest.mark.parametrize(
    ("address", "text"),
    [
        (KERNEL_TEXT, "kernel_print"),
        (KERNEL_TEXT + 0x1C, "kernel_print+0x1c"),
        (KERNEL_TEXT + 0x60, "kernel_static"),
        (KERNEL_TEXT + 0x47, "kernel_assembly+0x7"),
        (KERNEL_TEXT + 0x48, None),
        (KERNEL_TEXT - 1, None),
        (KERNEL_DATA + 9, "kernel_inline_data+0x1"),
        (2**64 - 1, None),
    ],
)
def test_names_of_addresses(address: int, text: str | None) -> None:
    assert kernel().index.describe(address) == text


def test_a_label_of_assembly_reaches_to_the_next_symbol() -> None:
    writer = kernel_writer()
    writer.symbol("vector_start", 1, KERNEL_TEXT + 0x90)
    index = KernelSymbols.from_elf(writer.build()).index
    assert index.describe(KERNEL_TEXT + 0x94) == "vector_start+0x4"


@pytest.mark.parametrize(
    ("other", "offset"),
    [(0, 0), (1 << 5, 0), (2 << 5, 4), (3 << 5, 8), (4 << 5, 16), (5 << 5, 32), (6 << 5, 64)],
)
def test_local_entry_of_st_other(other: int, offset: int) -> None:
    assert local_entry_offset(other | 2) == offset


def without_note(writer: ElfWriter) -> None:
    writer.sections[4].name = ".note.other"


def with_note(data: bytes) -> Callable[[ElfWriter], None]:
    def damage(writer: ElfWriter) -> None:
        writer.sections[4].data = data

    return damage


def without_toc(writer: ElfWriter) -> None:
    del writer.symbols[-1]


@pytest.mark.parametrize(
    ("damage", "line"),
    [
        (without_note, "kernel image: no GNU build-id note\nlink it with --build-id=sha1"),
        (with_note(bytes(8)), "kernel image: section 4 .note.gnu.build-id: a note of 8 bytes"),
        (with_note(bytes(36)), "kernel image: section 4 .note.gnu.build-id: not a GNU build-id note"),
        (
            with_note(struct.pack(">III", 4, 16, 3) + b"GNU\0" + bytes(16)),
            "kernel image: section 4 .note.gnu.build-id: a build-id of 16 bytes, expected 20",
        ),
        (without_toc, "kernel image: neither .TOC. nor .got, its TOC base is unknown"),
        (
            lambda writer: setattr(writer, "with_symbols", False),
            "kernel image: no symbol table\ndo not strip it",
        ),
    ],
)
def test_images_that_are_refused(damage: Callable[[ElfWriter], None], line: str) -> None:
    writer = kernel_writer()
    damage(writer)
    with pytest.raises(ModuleError) as caught:
        KernelSymbols.from_elf(writer.build())
    assert str(caught.value) == line


def test_without_a_symbol_the_toc_base_follows_from_the_got() -> None:
    writer = kernel_writer()
    without_toc(writer)
    writer.section(".got", bytes(8), CONSTANT, address=KERNEL_TOC - 0x8000, alignment=8)
    assert KernelSymbols.from_elf(writer.build()).toc == KERNEL_TOC
