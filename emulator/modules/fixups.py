"""Each relocation of a module's loaded sections, checked and made ready to be carried out."""

from __future__ import annotations

from collections.abc import Iterable

from emulator.modules import elf_constants as elf
from emulator.modules.elf_constants import SymbolType
from emulator.modules.elf_relocations import Relocation
from emulator.modules.linked_module import Fixup, Target
from emulator.modules.refusal import refusal
from emulator.modules.relocation_types import (
    REFUSED,
    TYPES,
    Calculation,
    Place,
    RelocationType,
    relocation_name,
)
from emulator.modules.reserve import ADDRESS_SIZE, Reservation, slot_key
from emulator.modules.resolve import Resolution
from emulator.modules.segments import Placement, Segment, SegmentKind
from emulator.modules.stubs import NOP, RESTORE_TOC, STUB_SIZE
from emulator.modules.targets import Targets

_INSTRUCTION_FIELDS = (Place.LOW24, Place.LOW14, Place.WORD30)
_CALLS = (Calculation.CALL, Calculation.BRANCH)
_LINK_BIT = 1


class FixupBuilder:
    """Makes the fixups of one module; the text segment tells where its stubs begin."""

    def __init__(
        self, targets: Targets, resolution: Resolution, reservation: Reservation, text: Segment
    ) -> None:
        self._targets = targets
        self._resolution = resolution
        self._reservation = reservation
        self._stub_start = text.size - reservation.stub_bytes

    def build(self, relocations: Iterable[Relocation], placement: Placement) -> list[Fixup]:
        """The fixups of one section. Raises ModuleError for the first relocation that cannot be done."""
        fixups = (self._fixup(relocation, placement) for relocation in relocations)
        return [fixup for fixup in fixups if fixup.row.calculation is not Calculation.NOTHING]

    def slot(self, relocation: Relocation, row: RelocationType) -> int | None:
        """Offset of the stub (in the text) or address entry (in the constants) that a relocation uses."""
        key = slot_key(relocation)
        if row.calculation is Calculation.GOT_RELATIVE:
            return self._reservation.addresses[key] * ADDRESS_SIZE
        if row.calculation is Calculation.CALL and key in self._reservation.stubs:
            return self._stub_start + self._reservation.stubs[key] * STUB_SIZE
        return None

    def _fixup(self, relocation: Relocation, placement: Placement) -> Fixup:
        row = _row(relocation)
        if row.calculation is Calculation.NOTHING:
            target = Target("", None, 0)
        else:
            _check_place(relocation, row)
            target = self._targets.of(relocation)
        fixup = Fixup(
            relocation,
            row,
            placement.kind,
            placement.offset + relocation.offset,
            target,
            self.slot(relocation, row),
        )
        if row.calculation in _CALLS:
            self._check_call(fixup)
        return fixup

    def _check_call(self, fixup: Fixup) -> None:
        symbol = fixup.source.symbol
        callee = self._resolution.external.get(symbol.index)
        kind, other = (symbol.kind, symbol.other) if callee is None else (callee.kind, callee.other)
        if kind is SymbolType.OBJECT or fixup.target.kind in (SegmentKind.RODATA, SegmentKind.DATA):
            raise refusal(f"{fixup}: a branch to data")
        if not elf.keeps_toc(other):
            raise refusal(f"{fixup}: the function does not keep r2", "compile it with -mcpu=970")
        if callee is not None and callee.toc != self._reservation.shared_toc:
            _check_toc_restored(fixup)


def _row(relocation: Relocation) -> RelocationType:
    row = TYPES.get(relocation.number)
    if row is not None:
        return row
    where = f"{relocation_name(relocation.number)} at {relocation.place} against {relocation.target}"
    if relocation.number in REFUSED:
        raise refusal(f"{where}: {REFUSED[relocation.number][1]}")
    raise refusal(f"unknown relocation {where}")


def _check_place(relocation: Relocation, row: RelocationType) -> None:
    section = relocation.section
    where = f"{row.name} at {relocation.place} against {relocation.target}"
    if relocation.offset + row.place.size > section.size:
        raise refusal(f"{where}: {row.place.size} bytes, the section ends at {section.size:#x}")
    step = 4 if row.place in _INSTRUCTION_FIELDS else 2 if row.place is Place.HALF16DS else 1
    if relocation.offset % step:
        raise refusal(f"{where}: the place is not aligned to {step}")


def _check_toc_restored(fixup: Fixup) -> None:
    """ELFv2 section 3.6.2: after a call that may change r2 comes a nop, in whose place r2 is taken back."""
    data, offset = fixup.source.section.data, fixup.source.offset
    if fixup.row.calculation is not Calculation.CALL:
        raise refusal(f"{fixup}: a conditional branch into code with another TOC")
    if not data[offset + 3] & _LINK_BIT:
        raise refusal(f"{fixup}: a tail call into code with another TOC would not take r2 back")
    if int.from_bytes(data[offset + 4 : offset + 8], "big") not in (NOP, RESTORE_TOC):
        raise refusal(f"{fixup}: no nop after a call into code with another TOC, r2 cannot be taken back")
