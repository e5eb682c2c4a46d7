"""Relocating a linked module for the addresses that the guest gave: the bytes to copy."""

from __future__ import annotations

from dataclasses import dataclass

from emulator.abi.memory_map import PAGE_SIZE
from emulator.modules.linked_module import Fixup, LinkedModule, Target
from emulator.modules.placed_module import PlacedModule
from emulator.modules.refusal import refusal
from emulator.modules.relocation_fields import patch, required_alignment, signed
from emulator.modules.relocation_types import Calculation, is_short_toc
from emulator.modules.segments import SegmentKind, contents
from emulator.modules.stubs import RESTORE_TOC, TRAP, far_stub, toc_stub

_WORD = 0xFFFF_FFFF_FFFF_FFFF
_OWN_TOC_OFFSET = 0x8000
"""From the start of the constants, where address entries and .toc lie: 16-bit offsets reach 64 KiB."""


@dataclass(frozen=True)
class Bases:
    """Effective addresses of the segments, each the start of a page; that of an empty segment is not used."""

    text: int
    rodata: int
    data: int

    def of(self, kind: SegmentKind) -> int:
        """Of one segment."""
        return int(getattr(self, kind.value))

    @classmethod
    def contiguous(cls, linked: LinkedModule, start: int) -> Bases:
        """One segment after the other."""
        rodata = start + linked.page_bytes(SegmentKind.TEXT)
        return cls(start, rodata, rodata + linked.page_bytes(SegmentKind.RODATA))


def relocate(linked: LinkedModule, bases: Bases, toc: int) -> PlacedModule:
    """The module's bytes for those addresses; ``toc`` is the kernel's TOC base.

    Raises ModuleError when an address is not a page in the region that the module was linked for, or a value
    does not fit (which the trial relocation at link time has excluded).
    """
    _check_bases(linked, bases)
    relocator = _Relocator(linked, bases, toc)
    for fixup in linked.fixups:
        relocator.apply(fixup)
    relocator.write_stubs()
    relocator.write_addresses()
    images = {kind: bytes(image) for kind, image in relocator.images.items()}
    return PlacedModule(linked, {kind: bases.of(kind) for kind in SegmentKind}, relocator.toc, images)


class _Relocator:
    def __init__(self, linked: LinkedModule, bases: Bases, kernel_toc: int) -> None:
        self._linked = linked
        self._bases = bases
        own = bases.rodata + _OWN_TOC_OFFSET
        self.toc = own if linked.own_toc else kernel_toc
        self.images = {kind: contents(linked.segments[kind]) for kind in SegmentKind}

    def apply(self, fixup: Fixup) -> None:
        image = self.images[fixup.kind]
        if fixup.row.calculation is Calculation.CALL:
            if fixup.target.missing:
                # The code tests the address first; should it call all the same, it faults at once.
                image[fixup.offset : fixup.offset + 4] = TRAP.to_bytes(4, "big")
                return
            if self._changes_toc(fixup.target):
                image[fixup.offset + 4 : fixup.offset + 8] = RESTORE_TOC.to_bytes(4, "big")
        value = signed(self._value(fixup))
        _check_value(fixup, value, required_alignment(fixup.row, image, fixup.offset))
        patch(fixup.row, image, fixup.offset, value)

    def write_stubs(self) -> None:
        for offset, (target, addend) in self._linked.stubs.items():
            address = (self._address(target) + addend) & _WORD
            if target.toc is None or target.toc == self.toc:
                stub = far_stub(address)
            else:
                stub = toc_stub(address, target.toc)
            self.images[SegmentKind.TEXT][offset : offset + len(stub)] = stub

    def write_addresses(self) -> None:
        for offset, (target, addend) in self._linked.addresses.items():
            value = (self._address(target) + addend) & _WORD
            self.images[SegmentKind.RODATA][offset : offset + 8] = value.to_bytes(8, "big")

    def _changes_toc(self, target: Target) -> bool:
        return target.toc is not None and target.toc != self.toc

    def _address(self, target: Target) -> int:
        if target.is_toc_base:
            return self.toc
        return target.value + (0 if target.kind is None else self._bases.of(target.kind))

    def _value(self, fixup: Fixup) -> int:
        place = self._bases.of(fixup.kind) + fixup.offset
        address = self._address(fixup.target) + fixup.source.addend
        local = fixup.target.local_entry
        match fixup.row.calculation:
            case Calculation.ABSOLUTE:
                return address
            case Calculation.ABSOLUTE_LOCAL:
                return address + local
            case Calculation.RELATIVE:
                return address - place
            case Calculation.BRANCH:
                return address + local - place
            case Calculation.CALL:
                return self._call_value(fixup, address + local, place)
            case Calculation.TOC_RELATIVE:
                return address - self.toc
            case Calculation.TOC_BASE:
                return self.toc + fixup.source.addend
            case Calculation.GOT_RELATIVE:
                return self._bases.rodata + (fixup.slot or 0) - self.toc
            case Calculation.NOTHING:
                return 0

    def _call_value(self, fixup: Fixup, address: int, place: int) -> int:
        if fixup.slot is None:
            return address - place
        direct = signed(address - place)
        if not self._changes_toc(fixup.target) and fixup.row.check.allows(direct):
            return direct
        return self._bases.text + fixup.slot - place


def _check_bases(linked: LinkedModule, bases: Bases) -> None:
    for kind in SegmentKind:
        size = linked.page_bytes(kind)
        base = bases.of(kind)
        if not size:
            continue
        if base % PAGE_SIZE:
            raise refusal(f"{kind.value} at {base:#x}: not the start of a page")
        if base < linked.region.start or base + size > linked.region.end:
            region = f"{linked.region.start:#x}..{linked.region.end:#x}"
            raise refusal(f"{kind.value} at {base:#x}: {size:#x} bytes outside the module area {region}")


def _check_value(fixup: Fixup, value: int, alignment: int) -> None:
    check = fixup.row.check
    if not check.allows(value):
        low, high = check.value
        hint = "compile with -mcmodel=medium" if is_short_toc(fixup.row) else ""
        raise refusal(f"{fixup}: value {value:#x} is out of range {low:#x}..{high:#x}", hint)
    if value % alignment:
        raise refusal(f"{fixup}: value {value:#x} is not a multiple of {alignment}")
