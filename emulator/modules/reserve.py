"""What the linker must make itself for a module: a TOC of its own, call stubs, address entries.

**The TOC decision.** The kernel's TOC base serves as the module's, because the code of the default and large
code models builds 32-bit offsets from it and the module area lies within 2 GB of it. Then r2 never changes,
no call needs a ``nop`` to be patched, and within 32 MB none needs a stub. Only where that is impossible does
the module get a TOC base of its own: in a region further away, or when it was compiled with the small code
model, whose 16-bit offsets reach nothing but a TOC in the module's own constants.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from emulator.modules.elf_relocations import Relocation
from emulator.modules.kernel_symbols import ExportedSymbol, KernelSymbols
from emulator.modules.linked_module import Region
from emulator.modules.relocation_types import TYPES, Calculation, Check, is_short_toc
from emulator.modules.resolve import Resolution
from emulator.modules.stubs import STUB_SIZE

ADDRESS_SIZE = 8
_TOC_REACH = 1 << 31
_MARGIN = 1 << 20
"""Kept from the ends of the reach, for addends and the parts' own adjustment."""

SlotKey = tuple[int, int]
"""Symbol index and addend: what one stub or address entry is for."""


@dataclass(frozen=True)
class Reservation:
    """Slots by what they are for; all stubs lie after the module's text, all entries before its constants."""

    shared_toc: int | None
    """The kernel's TOC base when the module uses it too, None when the module has its own."""
    stubs: Mapping[SlotKey, int]
    addresses: Mapping[SlotKey, int]

    @property
    def own_toc(self) -> bool:
        """Whether the module has a TOC base of its own."""
        return self.shared_toc is None

    @property
    def stub_bytes(self) -> int:
        """Bytes after the text."""
        return len(self.stubs) * STUB_SIZE

    @property
    def address_bytes(self) -> int:
        """Bytes before the constants."""
        return len(self.addresses) * ADDRESS_SIZE


def slot_key(relocation: Relocation) -> SlotKey:
    """Relocations with the same key share a stub or entry."""
    return relocation.symbol.index, relocation.addend


def reserve(
    relocations: Iterable[Relocation], resolution: Resolution, kernel: KernelSymbols, region: Region
) -> Reservation:
    """Decides before anything is laid out, for every place in the region."""
    known = [(item, TYPES[item.number]) for item in relocations if item.number in TYPES]
    own_toc = not _in_reach(kernel.toc, region) or any(is_short_toc(row) for _, row in known)
    shared_toc = None if own_toc else kernel.toc
    stubs: dict[SlotKey, int] = {}
    addresses: dict[SlotKey, int] = {}
    for item, row in known:
        key = slot_key(item)
        if row.calculation is Calculation.GOT_RELATIVE:
            addresses.setdefault(key, len(addresses))
        elif row.calculation is Calculation.CALL and item.symbol.index in resolution.external:
            callee = resolution.external[item.symbol.index]
            if callee.toc != shared_toc or not _reaches(callee, item.addend, row.check, region):
                stubs.setdefault(key, len(stubs))
    return Reservation(shared_toc, stubs, addresses)


def _in_reach(toc: int, region: Region) -> bool:
    low, high = toc - _TOC_REACH + _MARGIN, toc + _TOC_REACH - _MARGIN
    return low <= region.start and region.end <= high


def _reaches(callee: ExportedSymbol, addend: int, check: Check, region: Region) -> bool:
    target = callee.address + callee.local_entry + addend
    return check.allows(target - region.start) and check.allows(target - region.end)
