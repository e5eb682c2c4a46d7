"""Each relocation type at the edges of its range, beside ld.lld and beside formulas written down apart."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import pytest
from elftools.elf.enums import ENUM_RELOC_TYPE_PPC64
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.abi.memory_map import MODULE_BASE
from emulator.modules import Bases, Region, SegmentKind, link_module, relocate
from emulator.modules.relocation_fields import patch, required_alignment, signed
from emulator.modules.relocation_types import REFUSED, TYPES, Calculation, Place
from tests.modules import lld
from tests.modules.elf_writer import ABSOLUTE
from tests.modules.samples import BL, KERNEL_TOC, NOP, ModuleWriter, kernel, words

REGION = Region(MODULE_BASE, MODULE_BASE + 0x10_0000)
STEP = 8
"""Each relocation gets a doubleword of its own."""

# Not known to lld, or (REL24, REL14) given a stub by it when out of range, so their edges are checked apart.
NOT_IN_LLD = {
    "R_PPC64_ADDR14",
    "R_PPC64_ADDR16_HIGHA",
    "R_PPC64_ADDR24",
    "R_PPC64_ADDR30",
    "R_PPC64_UADDR16",
    "R_PPC64_UADDR32",
    "R_PPC64_UADDR64",
    "R_PPC64_ADDR64_LOCAL",
    "R_PPC64_ADDR14_BRTAKEN",
    "R_PPC64_ADDR14_BRNTAKEN",
    "R_PPC64_REL14_BRTAKEN",
    "R_PPC64_REL14_BRNTAKEN",
    "R_PPC64_REL24",
    "R_PPC64_REL14",
    "R_PPC64_REL16",
    "R_PPC64_REL16_HIGH",
    "R_PPC64_REL16_HIGHA",
    "R_PPC64_REL16_HIGHER",
    "R_PPC64_REL16_HIGHERA",
    "R_PPC64_REL16_HIGHEST",
    "R_PPC64_REL16_HIGHESTA",
}
BY_NAME = {row.name: row for row in TYPES.values()}
WITH_LLD = [
    row
    for row in TYPES.values()
    if row.name not in NOT_IN_LLD
    and row.calculation not in (Calculation.NOTHING, Calculation.GOT_RELATIVE, Calculation.TOC_BASE)
]
EDGES = sorted(
    {0, 1, 2, 4, 16, 0x1234_5678_9ABC_DEF0, 0x8000_8000_8000_8000, 0x7FFF_7FFF_7FFF_7FF0}
    | {
        (1 << bit) + near
        for bit in (15, 16, 25, 31, 32, 47, 48)
        for near in (-0x8001, -0x8000, -4, -1, 0, 3, 4)
    }
    | {-(1 << bit) + near for bit in (15, 16, 25, 31, 32, 47) for near in (-0x8004, -0x8000, -4, -1, 0, 4)}
)


@dataclass(frozen=True)
class Entry:
    """A relocation to be tried: the value that the field shall get, whatever is subtracted on the way."""

    number: int
    value: int


def entries(seed: int) -> list[Entry]:
    source = random.Random(seed)
    more = [source.getrandbits(source.randrange(1, 65)) * source.choice((1, -1)) for _ in range(12)]
    return [Entry(row.number, value) for row in WITH_LLD for value in (*EDGES, *more)]


def module_of(tried: list[Entry], text: int, toc: int) -> bytes:
    """A module whose text is one doubleword for each entry, at ``text``."""
    writer = ModuleWriter()
    writer.relocations.clear()
    writer.symbol("zero", ABSOLUTE, 0, binding=0)
    code = bytearray(words(0x6000_0001, 0x6000_0002) * len(tried))
    writer.sections[writer.text].data = bytes(code)
    for index, entry in enumerate(tried):
        row = TYPES[entry.number]
        offset = index * STEP + (2 if row.place in (Place.HALF16, Place.HALF16DS) else 0)
        addend = entry.value
        if row.calculation in (Calculation.RELATIVE, Calculation.BRANCH, Calculation.CALL):
            addend += text + offset
        elif row.calculation is Calculation.TOC_RELATIVE:
            addend += toc
        writer.relocation(writer.text, offset, entry.number, "zero", addend)
    return writer.build()


def accepts(entry: Entry) -> bool:
    """Our own checks on one value."""
    row = TYPES[entry.number]
    value = signed(entry.value)
    return row.check.allows(value) and value % required_alignment(row, words(0x6000_0001), 2) == 0


@pytest.mark.parametrize("seed", range(3))
def test_values_and_ranges_are_those_of_lld(tmp_path: Path, seed: int) -> None:
    tried = entries(seed)
    lld.compile_assembly(tmp_path, "kernel", ".text\nnop\n.data\n.quad .TOC.@tocbase\n")
    module = module_of(tried, MODULE_BASE, KERNEL_TOC)
    (tmp_path / "oracle.ko").write_bytes(module)
    script = tmp_path / "values.lds"
    got = lld.GOT_LAYOUT.format(address=KERNEL_TOC - 0x8000)
    script.write_text(
        f"SECTIONS {{ {lld.KERNEL_LAYOUT} {got} .values {MODULE_BASE:#x} : {{ *oracle.ko(.text) }} }}"
    )
    made = tmp_path / "values.elf"
    result = lld.run(
        "ld.lld", "-T", script, "--no-toc-optimize", "--no-check-sections", "--noinhibit-exec", "--entry=0",
        "--error-limit=0", tmp_path / "kernel.o", tmp_path / "oracle.ko", "-o", made,
    )  # fmt: skip
    assert made.exists(), result.stderr
    refused = lld.Linked(b"", result.stderr).refused().get(".text", set())
    refused_by_lld = {at // STEP for at in refused}
    refused_by_us = {index for index, entry in enumerate(tried) if not accepts(entry)}
    # lld takes TOC16 for unsigned too; the instructions that it is in extend the sign.
    too_large = {
        index
        for index, entry in enumerate(tried)
        if entry.number == BY_NAME["R_PPC64_TOC16"].number and 0x8000 <= entry.value <= 0xFFFF
    }
    assert too_large <= refused_by_us - refused_by_lld
    differing = [
        (TYPES[tried[index].number].name, hex(tried[index].value))
        for index in sorted(refused_by_lld ^ refused_by_us ^ too_large)
    ]
    assert not differing
    assert len(refused_by_us) > 100
    theirs = lld.section(made.read_bytes(), ".values")
    accepted = [index for index in range(len(tried)) if index not in refused_by_us]
    for index in accepted:
        row, value = TYPES[tried[index].number], tried[index].value
        image = bytearray(words(0x6000_0001, 0x6000_0002))
        patch(row, image, 2 if row.place in (Place.HALF16, Place.HALF16DS) else 0, value)
        assert bytes(image) == theirs[index * STEP : (index + 1) * STEP], (row.name, hex(value))


def test_names_and_numbers_are_those_of_the_abi() -> None:
    names = {row.name: row.number for row in TYPES.values()}
    names |= {name: number for number, (name, _) in REFUSED.items()}
    assert len(names) == len(TYPES) + len(REFUSED) == 161
    known = {name: number for name, number in ENUM_RELOC_TYPE_PPC64.items() if name.startswith("R_PPC64")}
    assert {name: names.get(name) for name in known} == known


HALVES = {"LO": (6, 0), "HI": (4, 0), "HIGH": (4, 0), "HIGHER": (2, 0), "HIGHEST": (0, 0)}
HALVES |= {"HA": (4, 1), "HIGHA": (4, 1), "HIGHERA": (2, 1), "HIGHESTA": (0, 1)}


def expected_half(suffix: str, value: int) -> bytes:
    """The part by its ABI operator: #lo, #hi, #ha, ... of the value as eight bytes."""
    start, adjusted = HALVES[suffix]
    carried = (value + 0x8000 * adjusted) % 2**64
    return carried.to_bytes(8, "big")[start : start + 2]


@settings(deadline=None, max_examples=500)
@given(st.sampled_from(sorted(BY_NAME)), st.integers(-(2**63), 2**63 - 1), st.integers(0, 2**64 - 1))
def test_fields_keep_what_is_not_theirs(name: str, value: int, old: int) -> None:
    row = BY_NAME[name]
    offset = 2 if row.place in (Place.HALF16, Place.HALF16DS) else 0
    if row.place is Place.HALF16DS:
        old &= 0x07FF_FFFF_FFFF_FFFF  # not one of the few instructions that keep four bits
    value -= value % required_alignment(row, old.to_bytes(8, "big"), offset)
    image = bytearray(old.to_bytes(8, "big"))
    patch(row, image, offset, value)
    changed = int.from_bytes(image, "big") ^ old
    mask = row.place.mask << 8 * (8 - row.place.size - offset)
    if "BR" in name:
        mask |= 0x03E0_0000 << 32
    assert changed & ~mask == 0
    suffix = name.removesuffix("_DS").rpartition("_")[2]
    if row.place is Place.HALF16 and suffix in HALVES:
        assert image[2:4] == expected_half(suffix, value)
    elif row.place is Place.HALF16DS and suffix in HALVES:
        low = old.to_bytes(8, "big")[3] & 3
        assert image[2:4] == (int.from_bytes(expected_half(suffix, value), "big") | low).to_bytes(2, "big")


RANGES = {
    "R_PPC64_ADDR14": (-0x8000, 0x7FFC),
    "R_PPC64_ADDR14_BRTAKEN": (-0x8000, 0x7FFC),
    "R_PPC64_ADDR24": (-0x200_0000, 0x1FF_FFFC),
    "R_PPC64_ADDR30": (-0x8000_0000, 0x7FFF_FFFC),
    "R_PPC64_UADDR16": (-0x8000, 0xFFFF),
    "R_PPC64_UADDR32": (-0x8000_0000, 0xFFFF_FFFF),
    "R_PPC64_REL14": (-0x8000, 0x7FFC),
    "R_PPC64_REL14_BRNTAKEN": (-0x8000, 0x7FFC),
    "R_PPC64_REL16": (-0x8000, 0x7FFF),
    "R_PPC64_REL24": (-0x200_0000, 0x1FF_FFFC),
    "R_PPC64_TOC16": (-0x8000, 0x7FFF),
}


@pytest.mark.parametrize("name", RANGES)
def test_ranges_that_lld_does_not_know(name: str) -> None:
    row = BY_NAME[name]
    low, high = RANGES[name]
    step = required_alignment(row, words(BL), 0)
    for value in (low, low + step, 0, high - step, high):
        assert accepts(Entry(row.number, value))
    for value in (low - step, low - 0x1_0000, high + step, high + 0x1_0000, 2**63):
        assert not accepts(Entry(row.number, value))
    if step > 1:
        assert not accepts(Entry(row.number, low + 1))


@pytest.mark.parametrize(
    ("name", "before", "value", "after"),
    [
        # Power ISA I.2.4: bc with BO 011at (12: branch if true) and 1a00t (16: decrement, branch if not 0).
        ("R_PPC64_REL14_BRTAKEN", 0x4182_0000, 0x1000, 0x41E2_1000),
        ("R_PPC64_REL14_BRNTAKEN", 0x4182_0000, 0x1000, 0x41C2_1000),
        ("R_PPC64_REL14_BRTAKEN", 0x4200_0000, -8, 0x4320_FFF8),
        ("R_PPC64_REL14_BRNTAKEN", 0x4200_0000, -8, 0x4300_FFF8),
        ("R_PPC64_REL14_BRTAKEN", 0x4280_0001, 8, 0x4280_0009),
        ("R_PPC64_ADDR14_BRTAKEN", 0x4182_0002, 0x100, 0x41E2_0102),
        ("R_PPC64_REL24", 0x4800_0001, -4, 0x4BFF_FFFD),
        ("R_PPC64_ADDR24", 0x4800_0003, 0x1FF_FFFC, 0x49FF_FFFF),
        ("R_PPC64_ADDR30", 0x0000_0003, -8, 0xFFFF_FFFB),
    ],
)
def test_branches(name: str, before: int, value: int, after: int) -> None:
    image = bytearray(words(before))
    patch(BY_NAME[name], image, 0, value)
    assert bytes(image) == words(after)


@pytest.mark.parametrize(
    ("instruction", "alignment"),
    [
        (0xE862_0000, 4),  # ld r3,0(r2)
        (0xF862_0000, 4),  # std r3,0(r2)
        (0xE082_0000, 16),  # lq r4,0(r2)
        (0xF462_0001, 16),  # lxv vs3,0(r2)
        (0xF462_0005, 16),  # stxv vs3,0(r2)
        (0xF462_0002, 4),  # stxsd v3,0(r2)
    ],
)
def test_how_many_low_bits_an_instruction_keeps(instruction: int, alignment: int) -> None:
    row = BY_NAME["R_PPC64_TOC16_LO_DS"]
    image = bytearray(words(instruction))
    assert required_alignment(row, image, 2) == alignment
    patch(row, image, 2, 0x7FF0)
    assert bytes(image) == words(instruction | 0x7FF0)


def placed_text(number: int, symbol: str, addend: int = 0) -> int:
    """The first doubleword of the sample module with one relocation of it."""
    writer = ModuleWriter()
    writer.relocations.clear()
    writer.relocation(writer.text, 0, number, symbol, addend)
    linked = link_module(writer.build(), kernel(), region=REGION)
    placed = relocate(linked, Bases.contiguous(linked, MODULE_BASE), KERNEL_TOC)
    return int.from_bytes(placed.images[SegmentKind.TEXT][:8], "big")


def test_calculations_with_local_entry_and_toc() -> None:
    untouched = BL << 32 | NOP
    assert placed_text(117, "module_init") == MODULE_BASE + 8
    assert placed_text(38, "module_init", -8) == MODULE_BASE - 8
    assert placed_text(38, "own_data") == MODULE_BASE + 0x2008
    assert placed_text(51, "kernel_print") == KERNEL_TOC
    assert placed_text(51, "kernel_print", 0x10) == KERNEL_TOC + 0x10
    assert placed_text(10, "module_init") == untouched + (8 << 32)
    assert placed_text(44, "module_init", 0x20) == 0x20
    for marker in (0, 109, 118):
        assert placed_text(marker, "own_data") == untouched
