"""Each relocation type at the edges of its range, beside ld.lld and beside formulas written down apart."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import pytest

from emulator.abi.memory_map import MODULE_BASE
from emulator.modules import Bases, Region, SegmentKind, link_module, relocate
from emulator.modules.relocation_fields import patch, required_alignment, signed
from emulator.modules.relocation_types import TYPES, Calculation, Place
from tests.modules import lld
from tests.modules.samples import ABSOLUTE, KERNEL_TOC, ModuleWriter, kernel, words

REGION = Region(MODULE_BASE, MODULE_BASE + 0x10_0000)
STEP = 8
"""Each relocation gets a doubleword of its own."""

# Not known to lld, or (REL24, REL14) given a stub by it when out of range, so their edges are checked apart.
NOT_IN_LLD = {
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


def without_short_toc(tried: list[Entry]) -> list[Entry]:
    """Those that leave the module on the kernel's TOC."""
    short = {BY_NAME["R_PPC64_TOC16"].number, BY_NAME["R_PPC64_TOC16_DS"].number}
    return [entry for entry in tried if entry.number not in short]


def ours(tried: list[Entry]) -> bytes:
    linked = link_module(module_of(tried, MODULE_BASE, KERNEL_TOC), kernel(), region=REGION)
    placed = relocate(linked, Bases.contiguous(linked, MODULE_BASE), KERNEL_TOC)
    return placed.images[SegmentKind.TEXT]


def accepts(entry: Entry) -> bool:
    """Our own checks on one value."""
    row = TYPES[entry.number]
    value = signed(entry.value)
    return row.check.allows(value) and value % required_alignment(row, words(0x6000_0001), 2) == 0


@pytest.mark.parametrize("seed", range(3))
def test_values_and_ranges_are_those_of_lld(tmp_path: Path, seed: int) -> None:
    tried = entries(seed)
    empty = lld.compile_assembly(tmp_path, "kernel", ".text\nnop\n.data\n.quad .TOC.@tocbase\n")
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
    differing = [
        (TYPES[tried[index].number].name, hex(tried[index].value))
        for index in sorted(refused_by_lld ^ refused_by_us)
    ]
    print(set(d[0] for d in differing))
    import re as r

    print(sorted({r.sub(r"-?[0-9]{2,}|0x[0-9a-f]*", "N", l)[60:190] for l in result.stderr.splitlines()}))
    assert not differing
    assert len(refused_by_us) > 100
    theirs = lld.section(made.read_bytes(), ".values")
    accepted = [index for index in range(len(tried)) if index not in refused_by_us]
    for index in accepted:
        row, value = TYPES[tried[index].number], tried[index].value
        image = bytearray(words(0x6000_0001, 0x6000_0002))
        patch(row, image, 2 if row.place in (Place.HALF16, Place.HALF16DS) else 0, value)
        assert bytes(image) == theirs[index * STEP : (index + 1) * STEP], (row.name, hex(value))
