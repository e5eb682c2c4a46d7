"""Whatever the bytes are: a module, or a ModuleError of one line and perhaps a hint."""

from __future__ import annotations

import struct

from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.errors import ModuleError
from emulator.modules import KernelSymbols, check_module
from tests.modules.elf_writer import ElfWriter
from tests.modules.samples import (
    BL,
    CONSTANT,
    FUNCTION,
    NOP,
    TEXT,
    ModuleWriter,
    kernel,
    kernel_writer,
    words,
)

KERNEL = kernel()
INTERESTING = st.sampled_from((0, 1, 2, 0x7F, 0x80, 0xFF)) | st.integers(0, 255)


def rich_module() -> bytes:
    """The sample with a group, constructors and the most used relocations."""
    writer = ModuleWriter()
    inline = writer.section(".text.inline", words(BL, NOP), TEXT, alignment=4)
    writer.symbol("inline_function", inline, size=8, binding=2, kind=FUNCTION)
    writer.group("inline_function", inline)
    array = writer.section(".init_array", bytes(8), CONSTANT | 1, kind=14, alignment=8)
    writer.relocation(array, 0, 38, "module_init")
    for index, number in enumerate((50, 48, 64, 252, 250, 44, 26, 11)):
        offset = 16 + 4 * index + (2 if number in (50, 48, 64, 252, 250) else 0)
        writer.relocation(writer.text, offset, number, "module_init" if number == 11 else "own_data")
    return writer.build()


MODULE = rich_module()
IMAGE = kernel_writer().build()


def check(data: bytes) -> None:
    try:
        check_module(data, KERNEL)
    except ModuleError as error:
        lines = str(error).split("\n")
        assert 1 <= len(lines) <= 2
        assert all(lines)
        assert str(error).replace("\n", "").isprintable()


def test_the_module_itself_is_good() -> None:
    assert check_module(MODULE, KERNEL).constructors == 1


@settings(max_examples=600, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(MODULE) - 1), INTERESTING), min_size=1, max_size=6))
def test_any_bytes_changed(changes: list[tuple[int, int]]) -> None:
    data = bytearray(MODULE)
    for offset, value in changes:
        data[offset] = value
    check(bytes(data))


@settings(max_examples=300, deadline=None)
@given(
    st.integers(0, len(MODULE) // 8 - 1),
    st.sampled_from((0, 1, 0xFFFF_FFFF, 1 << 31, 1 << 32, 1 << 63, (1 << 64) - 1, len(MODULE), 0x1000)),
    st.sampled_from((2, 4, 8)),
)
def test_any_field_at_its_limits(index: int, value: int, size: int) -> None:
    data = bytearray(MODULE)
    data[index * 8 : index * 8 + size] = (value % (1 << 8 * size)).to_bytes(size, "big")
    check(bytes(data))


def test_every_truncation() -> None:
    for size in range(len(MODULE)):
        try:
            check_module(MODULE[:size], KERNEL)
        except ModuleError as error:
            assert "\n" not in str(error)
        else:
            raise AssertionError(size)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), st.integers(0, len(MODULE)), st.integers(0, 200))
def test_any_bytes_put_in(inserted: bytes, offset: int, dropped: int) -> None:
    check(MODULE[:offset] + inserted + MODULE[offset + dropped :])


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_after_a_good_header(data: bytes) -> None:
    check(MODULE[:64] + data)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(IMAGE) - 1), INTERESTING, st.integers(0, len(IMAGE)))
def test_any_kernel_image(offset: int, value: int, size: int) -> None:
    data = bytearray(IMAGE)
    data[offset] = value
    for changed in (bytes(data), bytes(data[:size])):
        try:
            KernelSymbols.from_elf(changed)
        except ModuleError as error:
            assert str(error).startswith("kernel image: ")


def test_overlapping_long_names_do_not_fill_memory() -> None:
    writer = ElfWriter()
    writer.section(".text", words(NOP), TEXT)
    writer.strtab.data = b"\0" + b"x" * 100_000 + b"\0"
    entry = struct.pack(">IBBHQQ", 1, 0x10, 0, 1, 0, 0)
    writer.symtab.data = bytes(24) + entry * 50_000
    writer.symtab.info = 1
    try:
        check_module(writer.build(), KERNEL)
    except ModuleError as error:
        assert str(error) == "symbol #1: a name of more than 2047 bytes"
