"""The generated header says to the compiler what the records say to the host."""

import io
import types
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.abi import boot, memory_map, status
from emulator.abi.layout import I64, U8, U16, U32, U64, Array, Chars, Field, FieldType, Record
from emulator.errors import BuildError
from toolchain.abi_header import Description, Structure, describe, generate, render
from toolchain.compiler import Compiler, SourceRoot, Unit

SCALARS: list[FieldType] = [U8, U16, U32, U64, I64]


def field_types(depth: int = 2) -> st.SearchStrategy[FieldType]:
    simple = st.sampled_from(SCALARS) | st.integers(1, 70).map(Chars)
    if depth == 0:
        return simple
    return simple | st.builds(Array, field_types(depth - 1), st.integers(1, 5))


records = st.lists(field_types(), min_size=1, max_size=8).map(
    lambda types: Record("Sample", *(Field(f"f{index}", each) for index, each in enumerate(types)))
)


def compile_text(directory: Path, files: dict[str, str], source: str) -> bytes:
    for name, text in files.items():
        (directory / name).write_text(text, encoding="utf-8")
    root = SourceRoot(directory, "test")
    return Compiler.find().compile(Unit(root, source, (root,))).object


def section(elf: bytes, name: str) -> bytes:
    found = ELFFile(io.BytesIO(elf)).get_section_by_name(name)
    assert found is not None
    data = found.data()
    assert isinstance(data, bytes)
    return data


@given(record=records)
@settings(max_examples=12, deadline=None)
def test_the_compiler_lays_a_record_out_as_the_host_does(
    tmp_path_factory: pytest.TempPathFactory, record: Record
) -> None:
    header = render([Description("test", "", structures=[Structure(record, "")])])
    numbers = ["sizeof(abi::Sample)"]
    numbers += [f"offsetof(abi::Sample, {placed.field.name})" for placed in record.placed]
    source = f"""#include "abi.h"
        [[gnu::section("layout"), gnu::used]] const uint64_t layout[] = {{ {", ".join(numbers)} }};"""
    elf = compile_text(tmp_path_factory.mktemp("abi"), {"abi.h": header, "layout.cpp": source}, "layout.cpp")
    expected = [record.size, *(placed.offset for placed in record.placed)]
    assert section(elf, "layout") == b"".join(number.to_bytes(8, "big") for number in expected)


def test_the_guest_initialises_a_record_to_the_bytes_that_the_host_packs(tmp_path: Path) -> None:
    source = """#include "abi.h"
        [[gnu::section("boot"), gnu::used]] const abi::BootInfo info = {
            .magic = abi::BOOT_MAGIC, .size = sizeof(abi::BootInfo), .memory_bytes = 64 << 20, .cpus = 2,
            .workload_seed = 5, .flags = static_cast<uint64_t>(abi::BootFlag::KEEP_RACE), .image_end = 9,
            .arguments = "quiet" };"""
    elf = compile_text(tmp_path, {"abi.h": generate(), "boot.cpp": source}, "boot.cpp")
    expected = boot.BOOT_INFO_RECORD.pack(
        magic=boot.BOOT_MAGIC,
        size=boot.BOOT_INFO_RECORD.size,
        memory_bytes=64 << 20,
        cpus=2,
        workload_seed=5,
        flags=boot.BootFlag.KEEP_RACE,
        image_end=9,
        arguments="quiet",
    )
    assert section(elf, "boot") == expected


def test_assembly_gets_the_same_numbers(tmp_path: Path) -> None:
    source = """#include "abi.h"
        .section numbers, "a"
        .quad ABI_LINEAR_BASE, ABI_CODE_NO_MEMORY, ABI_BOOTINFO_arguments, ABI_BOOTINFO_SIZE
        """
    elf = compile_text(tmp_path, {"abi.h": generate(), "numbers.S": source}, "numbers.S")
    numbers = (
        memory_map.LINEAR_BASE,
        status.Code.NO_MEMORY % 2**64,
        boot.BOOT_INFO_RECORD.offset("arguments"),
        boot.BOOT_INFO_RECORD.size,
    )
    assert section(elf, "numbers") == b"".join(number.to_bytes(8, "big") for number in numbers)


def module_of(directory: Path, name: str, text: str) -> types.ModuleType:
    path = directory / f"{name}.py"
    path.write_text(text, encoding="utf-8")
    module = types.ModuleType(name)
    module.__file__ = str(path)
    exec(compile(text, str(path), "exec"), module.__dict__)
    return module


SAMPLE = '''"""A sample.

Not the summary.
"""
from enum import IntEnum, IntFlag
from typing import Final
from emulator.abi.layout import U64, Array, Field, Record
from emulator.abi.status import Code

COUNT: Final = 3
"""How many."""
SECTION: Final = ".a\\\\b"
NOT_SHARED = 4
_PRIVATE: Final = 5
PAIR: Final = (1, 2)

class Sign(IntEnum):
    """Has a negative one."""
    MINUS = -1
    PLUS = 1
    """Up."""

class Bits(IntFlag):
    ONE = 1

INNER: Final = Record("Inner", Field("register", U64, "a reserved word"))
OUTER: Final = Record("Outer", Field("inner", Array(INNER, 2)))
"""Holds the other."""
'''


def test_a_module_yields_what_it_defines_and_nothing_else(tmp_path: Path) -> None:
    text = render([describe(module_of(tmp_path, "sample", SAMPLE))])
    declarations = text.split("namespace abi {\n\n")[1].split("\n}  // namespace abi")[0]
    assert declarations == (
        """\
// sample: A sample.
// How many.
inline constexpr uint64_t COUNT = 3;
inline constexpr char SECTION[] = ".a\\\\b";

// Has a negative one.
enum class Sign : int64_t {
    MINUS = -1,
    // Up.
    PLUS = 1,
};

enum class Bits : uint64_t {
    ONE = 1,
};
constexpr bool has(uint64_t bits, Bits flag)
{
    return (bits & static_cast<uint64_t>(flag)) != 0;
}

struct Inner {
    // a reserved word
    uint64_t register_;
};
static_assert(sizeof(Inner) == 8);
static_assert(offsetof(Inner, register_) == 0);

// Holds the other.
struct Outer {
    Inner inner[2];
};
static_assert(sizeof(Outer) == 16);
static_assert(offsetof(Outer, inner) == 0);
"""
    )


def test_a_record_comes_after_the_one_it_contains_whatever_the_order_of_modules() -> None:
    inner = Record("Inner", Field("x", U64))
    outer = Record("Outer", Field("inner", Array(inner, 2)))
    text = render(
        [
            Description("a", "", structures=[Structure(outer, "")]),
            Description("b", "", structures=[Structure(inner, "")]),
        ]
    )
    assert text.index("struct Inner {") < text.index("struct Outer {")


def test_the_text_is_the_same_every_time() -> None:
    assert generate() == generate()


def test_one_name_in_two_modules_is_refused(tmp_path: Path) -> None:
    text = "from typing import Final\nCOUNT: Final = 1\n"
    modules = [describe(module_of(tmp_path, name, text)) for name in ("first", "second")]
    with pytest.raises(BuildError, match=r"^abi: COUNT is defined by first and by second$"):
        render(modules)
