"""Calls that `bl` cannot carry, far away or between two TOCs, followed instruction by instruction."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from emulator.abi.memory_map import MODULE_BASE
from emulator.modules import Bases, LinkedModule, PlacedModule, Region, SegmentKind, link_module, relocate
from emulator.modules.stubs import RESTORE_TOC
from tests.modules.samples import (
    BL,
    BLR,
    DATA,
    FUNCTION,
    KERNEL_TEXT,
    KERNEL_TOC,
    NOP,
    ModuleWriter,
    kernel,
    words,
)

MEGABYTE = 1 << 20
FAR = Region(MODULE_BASE + 64 * MEGABYTE, MODULE_BASE + 65 * MEGABYTE)
VERY_FAR = Region(MODULE_BASE + (1 << 44), MODULE_BASE + (1 << 44) + MEGABYTE)
STRADDLING = Region(KERNEL_TEXT + 31 * MEGABYTE, KERNEL_TEXT + 33 * MEGABYTE)
CALLER_STACK = 0x1000


@dataclass
class Cpu:
    """As much of a CPU as stubs use."""

    placed: PlacedModule
    pc: int
    registers: dict[int, int] = field(default_factory=lambda: {1: CALLER_STACK})
    memory: dict[int, int] = field(default_factory=dict)
    ctr: int = 0
    link: int = 0
    steps: int = 0

    def word(self) -> int:
        offset = self.pc - self.placed.bases[SegmentKind.TEXT]
        image = self.placed.images[SegmentKind.TEXT]
        assert 0 <= offset < len(image)
        return int.from_bytes(image[offset : offset + 4], "big")

    def step(self) -> None:
        word = self.word()
        target, source, low = word >> 21 & 31, word >> 16 & 31, word & 0xFFFF
        signed = low - (low >> 15 << 16)
        self.steps += 1
        match word >> 26:
            case 15 if source == 0:
                self.registers[target] = signed << 16 & 0xFFFF_FFFF_FFFF_FFFF
            case 24:
                self.registers[source] = self.registers.get(target, 0) | low
            case 25:
                self.registers[source] = self.registers[target] | low << 16
            case 30 if word & 0xFFFF == 0x07C6:
                self.registers[source] = self.registers[target] << 32 & 0xFFFF_FFFF_FFFF_FFFF
            case 62 if word & 3 == 0:
                self.memory[self.registers[source] + low] = self.registers[target]
            case 58 if word & 3 == 0:
                self.registers[target] = self.memory[self.registers[source] + low]
            case 31 if word & 0xFC1F_FFFF == 0x7C09_03A6:
                self.ctr = self.registers[target]
            case 18:
                offset = word & 0x03FF_FFFC
                self.link = self.pc + 4 if word & 1 else self.link
                self.pc += offset - ((offset >> 25) << 26)
                return
            case 19 if word == 0x4E80_0420:
                self.pc = self.ctr
                return
            case _:
                raise AssertionError(f"{word:#010x} at {self.pc:#x}")
        self.pc += 4

    def leave(self) -> None:
        """Runs until control has left the module."""
        while self.placed.holds(self.pc) is SegmentKind.TEXT:
            self.step()


def caller(*, target: str = "kernel_print", short_toc: bool = False) -> ModuleWriter:
    writer = ModuleWriter()
    if target != "kernel_print":
        writer.symbol(target)
    writer.relocations.clear()
    writer.relocation(writer.text, 0, 10, target)
    writer.relocation(writer.text, 16, 10, target)
    if short_toc:
        toc = writer.section(".toc", bytes(8), DATA, alignment=8)
        writer.symbol("toc_entry", toc, binding=0)
        writer.sections[writer.text].data = words(BL, NOP, 0xE862_0000, BLR, BL, RESTORE_TOC, BLR, BLR) * 2
        writer.relocation(writer.text, 10, 63, "toc_entry")
    return writer


def place(linked: LinkedModule, at: int | None = None) -> PlacedModule:
    return relocate(linked, Bases.contiguous(linked, linked.region.start if at is None else at), KERNEL_TOC)


def call(placed: PlacedModule, offset: int = 0) -> Cpu:
    cpu = Cpu(placed, placed.bases[SegmentKind.TEXT] + offset)
    cpu.registers[2] = placed.toc
    cpu.leave()
    return cpu


def test_within_reach_the_call_goes_to_the_local_entry_without_a_stub() -> None:
    linked = link_module(caller().build(), kernel())
    assert not linked.stubs
    assert linked.segments[SegmentKind.TEXT].size == 0x40
    cpu = call(place(linked))
    assert (cpu.pc, cpu.steps) == (KERNEL_TEXT + 8, 1)


def test_far_away_with_the_kernels_toc_a_stub_of_seven_instructions() -> None:
    linked = link_module(caller().build(), kernel(), region=FAR)
    assert (linked.own_toc, len(linked.stubs)) == (False, 1)
    for offset in (0, 16):
        cpu = call(place(linked), offset)
        assert cpu.pc == cpu.registers[12] == KERNEL_TEXT
        assert cpu.link == FAR.start + offset + 4
        assert cpu.registers[2] == KERNEL_TOC
        assert (cpu.steps, cpu.memory) == (8, {})


def test_a_stub_is_used_only_where_the_address_given_needs_it() -> None:
    linked = link_module(caller().build(), kernel(), region=STRADDLING)
    assert len(linked.stubs) == 1
    near, far = place(linked), place(linked, STRADDLING.end - linked.size)
    assert call(near).pc == KERNEL_TEXT + 8
    assert call(far).pc == KERNEL_TEXT


@pytest.mark.parametrize(
    ("region", "short"),
    [(VERY_FAR, False), (VERY_FAR, True), (Region(MODULE_BASE, MODULE_BASE + MEGABYTE), True)],
)
def test_with_a_toc_of_its_own_the_stub_changes_it_and_the_caller_takes_it_back(
    region: Region, short: bool
) -> None:
    linked = link_module(caller(short_toc=short).build(), kernel(), region=region)
    placed = place(linked)
    assert linked.own_toc
    assert placed.toc == placed.bases[SegmentKind.RODATA] + 0x8000
    for offset in (0, 16):
        cpu = call(placed, offset)
        assert cpu.pc == cpu.registers[12] == KERNEL_TEXT
        assert cpu.registers[2] == KERNEL_TOC
        assert cpu.memory == {CALLER_STACK + 24: placed.toc}
        cpu.pc = cpu.link
        cpu.step()
        assert cpu.registers[2] == placed.toc


def test_assembly_of_the_kernel_is_entered_with_the_kernels_toc() -> None:
    linked = link_module(caller(target="kernel_assembly", short_toc=True).build(), kernel())
    cpu = call(place(linked))
    assert (cpu.pc, cpu.registers[2]) == (KERNEL_TEXT + 0x40, KERNEL_TOC)


def test_calls_inside_a_module_with_its_own_toc_stay_direct() -> None:
    writer = caller(short_toc=True)
    writer.symbol("own_function", writer.text, 0x20, size=0x20, kind=FUNCTION, other=3 << 5)
    writer.relocations[0].symbol = "own_function"
    linked = link_module(writer.build(), kernel())
    placed = place(linked)
    assert placed.images[SegmentKind.TEXT][:8] == words(BL + 0x28, NOP)


def test_between_modules_with_different_tocs_the_callee_gets_its_own() -> None:
    writer = caller(short_toc=True)
    writer.describe(name="provider")
    writer.symbol("provided", writer.text, 0x20, size=0x20, kind=FUNCTION)
    writer.symbols[1].name = "provider_data"
    provider = place(link_module(writer.build(), kernel()), MODULE_BASE + MEGABYTE)
    user = caller(target="provided")
    user.describe(requires=("provider",))
    linked = link_module(user.build(), kernel(), [provider.exports()])
    assert (linked.own_toc, len(linked.stubs)) == (False, 1)
    placed = place(linked)
    cpu = call(placed)
    assert (cpu.pc, cpu.registers[2]) == (provider.address_of("provided"), provider.toc)
    assert cpu.memory == {CALLER_STACK + 24: KERNEL_TOC}
    cpu.pc = cpu.link
    cpu.step()
    assert cpu.registers[2] == KERNEL_TOC


def test_the_symboliser_knows_stubs() -> None:
    placed = place(link_module(caller().build(), kernel(), region=FAR))
    stub = placed.bases[SegmentKind.TEXT] + min(placed.linked.stubs)
    assert placed.index.describe(stub + 8) == "kernel_print@stub+0x8"
    assert placed.index.describe(placed.entry + 4) == "module_init+0x4"
