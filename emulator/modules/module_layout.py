"""A module's sections at their offsets in the three segments, and all that follows from that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from emulator.modules.elf_constants import Binding, SectionType, SymbolType
from emulator.modules.elf_file import ElfObject
from emulator.modules.elf_relocations import Relocation
from emulator.modules.elf_sections import Section
from emulator.modules.elf_symbols import Symbol
from emulator.modules.fixups import FixupBuilder
from emulator.modules.kernel_symbols import KernelSymbols
from emulator.modules.linked_module import Fixup, PointerArray, RecordArray, Region, Target
from emulator.modules.refusal import refusal
from emulator.modules.reserve import ADDRESS_SIZE, Reservation, SlotKey, reserve
from emulator.modules.resolve import Resolution
from emulator.modules.segments import Placement, Segment, SegmentKind, lay_out, segment_kind
from emulator.modules.stubs import STUB_SIZE
from emulator.modules.symbol_index import is_named_range
from emulator.modules.targets import Targets

_POINTER_SIZE = 8
_ADDRESS = 38
"""R_PPC64_ADDR64."""
_NOT_LOADED = (".eh_frame",)
"""Allocated, but of no use to a kernel that does not unwind by tables; notes are not loaded either."""


@dataclass(frozen=True)
class ModuleLayout:
    """The module's sections at their offsets, and what follows from that."""

    module: ElfObject
    segments: Mapping[SegmentKind, Segment]
    placements: Mapping[int, Placement]
    reservation: Reservation
    targets: Targets
    builder: FixupBuilder

    @classmethod
    def of(
        cls, module: ElfObject, resolution: Resolution, kernel: KernelSymbols, region: Region
    ) -> ModuleLayout:
        """Lays out what is loaded, for any place in the region."""
        sections = [
            item for item in module.sections if _is_loaded(item) and item.index not in resolution.dropped
        ]
        relocations = (entry for item in sections for entry in module.relocations.get(item.index, ()))
        reservation = reserve(relocations, resolution, kernel, region)
        segments = {
            SegmentKind.TEXT: _segment(SegmentKind.TEXT, sections, back=reservation.stub_bytes),
            SegmentKind.RODATA: _segment(SegmentKind.RODATA, sections, front=reservation.address_bytes),
            SegmentKind.DATA: _segment(SegmentKind.DATA, sections),
        }
        placements = {item.section.index: item for part in segments.values() for item in part.placements}
        targets = Targets(module, resolution, placements)
        builder = FixupBuilder(targets, resolution, reservation, segments[SegmentKind.TEXT])
        return cls(module, segments, placements, reservation, targets, builder)

    def fixups(self) -> Iterator[Fixup]:
        """Every relocation of what is loaded. Raises ModuleError for the first that cannot be done."""
        for index, placement in self.placements.items():
            yield from self.builder.build(self.module.relocations.get(index, ()), placement)

    def definitions(self) -> Iterator[tuple[str, tuple[Symbol, Target]]]:
        """The module's own global symbols by name."""
        for symbol in self.module.symbols:
            if symbol.binding is not Binding.LOCAL and self._is_own(symbol):
                yield symbol.name, (symbol, self._target(symbol))

    def ranges(self) -> Iterator[tuple[Symbol, Target]]:
        """What has a name in a backtrace."""
        for symbol in self.module.symbols:
            if is_named_range(symbol) and self._is_own(symbol):
                yield symbol, self._target(symbol)

    def function(self, name: str) -> Target | None:
        """A global function of the module, None when there is none. Raises ModuleError for anything else."""
        found = next((pair for known, pair in self.definitions() if known == name), None)
        if found is None:
            return None
        symbol, target = found
        if symbol.kind is not SymbolType.FUNCTION or target.kind is not SegmentKind.TEXT:
            raise refusal(f"symbol {name}: not a function of the module")
        return target

    def entry(self, name: str) -> Target:
        """The function to start with. Raises ModuleError when there is none."""
        target = self.function(name)
        if target is None:
            raise refusal(f"no entry function {name}", f'define extern "C" {name}() in one source file')
        return target

    def pointers(self, kind: SectionType) -> PointerArray:
        """Addresses of constructors or destructors: sections of one kind lie side by side, by priority.

        Raises ModuleError unless each is the address of a function.
        """
        found = [item for item in self.segments[SegmentKind.RODATA].placements if item.section.kind == kind]
        if not found:
            return PointerArray()
        for placement in found:
            self._check_pointers(placement)
        size = sum(item.section.size for item in found)
        return PointerArray(found[0].offset, size // _POINTER_SIZE)

    def records(self, name: str, record_size: int) -> RecordArray:
        """The bytes of a section of constants, none without the section.

        Raises ModuleError for code and for half a record.
        """
        section = self.module.section_named(name)
        placement = None if section is None else self.placements.get(section.index)
        if placement is None:
            return RecordArray()
        if placement.kind is not SegmentKind.RODATA:
            raise refusal(f"{section}: executable, {name} holds constants")
        if placement.section.size % record_size:
            raise refusal(f"{section}: {placement.section.size} bytes, not records of {record_size}")
        return RecordArray(placement.offset, placement.section.size)

    def stubs(self) -> dict[int, tuple[Target, int]]:
        """Callee and addend of each call stub, by offset into the text."""
        start = self.segments[SegmentKind.TEXT].size - self.reservation.stub_bytes
        return self._slots(self.reservation.stubs, start, STUB_SIZE)

    def addresses(self) -> dict[int, tuple[Target, int]]:
        """Target and addend of each address entry, by offset into the constants."""
        return self._slots(self.reservation.addresses, 0, ADDRESS_SIZE)

    def _slots(self, slots: Mapping[SlotKey, int], start: int, size: int) -> dict[int, tuple[Target, int]]:
        return {
            start + slot * size: (self._target(self.module.symbols[symbol]), addend)
            for (symbol, addend), slot in slots.items()
        }

    def _is_own(self, symbol: Symbol) -> bool:
        """Not of the weak data of which the kernel's copy is used instead."""
        return symbol.section in self.placements and self._target(symbol).kind is not None

    def _target(self, symbol: Symbol) -> Target:
        target = self.targets.find(symbol)
        assert target is not None, "only asked for symbols of loaded sections"
        return target

    def _check_pointers(self, placement: Placement) -> None:
        section = placement.section
        if section.size % _POINTER_SIZE or section.alignment != _POINTER_SIZE:
            raise refusal(
                f"{section}: {section.size} bytes aligned to {section.alignment}, not an array of addresses"
            )
        patched = {
            entry.offset
            for entry in self.module.relocations.get(section.index, ())
            if entry.number == _ADDRESS and self._leads_to_code(entry)
        }
        for offset in range(0, section.size, _POINTER_SIZE):
            if offset not in patched:
                raise refusal(f"{section}: entry at {offset:#x} is not the address of a function")

    def _leads_to_code(self, entry: Relocation) -> bool:
        target = self.targets.of(entry)
        return target.kind is SegmentKind.TEXT or (target.kind is None and target.toc is not None)


def _is_loaded(section: Section) -> bool:
    if section.kind == SectionType.NOTE or section.name in _NOT_LOADED:
        return False
    return section.allocated and section.size > 0


def _segment(kind: SegmentKind, sections: Sequence[Section], front: int = 0, back: int = 0) -> Segment:
    return lay_out(kind, [item for item in sections if segment_kind(item) is kind], front, back)
