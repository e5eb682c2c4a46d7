"""The three pieces of a module in guest memory, each with its own protection, and what lies where in them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from emulator.abi.memory_map import PAGE_SIZE
from emulator.abi.module import INIT_FUNCTIONS_SECTION
from emulator.modules.elf_constants import SectionFlag, SectionType
from emulator.modules.elf_sections import Section

_CONSTANT_AFTER_RELOCATION = (".data.rel.ro", ".toc", ".got", INIT_FUNCTIONS_SECTION)
"""Writable in the file only because a linker fills in addresses: the guest sees them filled in."""

STUB_ALIGNMENT = 64


class SegmentKind(Enum):
    """In the order in which the guest lays them out; the value is the name that users see."""

    TEXT = "text"
    RODATA = "rodata"
    DATA = "data"


@dataclass(frozen=True)
class Placement:
    """Where a section went."""

    section: Section
    kind: SegmentKind
    offset: int


@dataclass(frozen=True)
class Segment:
    """One piece: ``size`` bytes used, of which ``file_size`` are not zero by nature (the rest is .bss)."""

    kind: SegmentKind
    file_size: int
    size: int
    placements: tuple[Placement, ...]

    @property
    def page_bytes(self) -> int:
        """Bytes of memory that it takes: whole pages."""
        return round_up(self.size, PAGE_SIZE)


def segment_kind(section: Section) -> SegmentKind:
    """To which piece an allocated section belongs."""
    if section.has(SectionFlag.EXECUTE):
        return SegmentKind.TEXT
    if not section.has(SectionFlag.WRITE) or is_constant(section):
        return SegmentKind.RODATA
    return SegmentKind.DATA


def is_constant(section: Section) -> bool:
    """Whether a section that the file marks writable holds only constants once addresses are filled in."""
    if section.kind in (SectionType.INIT_ARRAY, SectionType.FINI_ARRAY):
        return True
    return any(
        section.name == name or section.name.startswith(name + ".") for name in _CONSTANT_AFTER_RELOCATION
    )


def lay_out(kind: SegmentKind, sections: Iterable[Section], front: int = 0, back: int = 0) -> Segment:
    """Places sections one after the other, each at its alignment; those without contents come last.

    ``front`` and ``back`` bytes are left for what the linker makes itself: address entries and call stubs.
    """
    ordered = sorted(sections, key=_order)
    placements = []
    offset = file_size = front
    for section in ordered:
        offset = round_up(offset, section.alignment or 1)
        placements.append(Placement(section, kind, offset))
        offset += section.size
        if section.kind != SectionType.NOBITS:
            file_size = offset
    if back:
        offset = file_size = round_up(offset, STUB_ALIGNMENT) + back
    return Segment(kind, file_size, offset, tuple(placements))


def round_up(value: int, alignment: int) -> int:
    """The next multiple of a power of two."""
    return (value + alignment - 1) & ~(alignment - 1)


def contents(segment: Segment) -> bytearray:
    """The segment as it is in the file, gaps and the rest of its last page zero."""
    image = bytearray(segment.page_bytes)
    for placement in segment.placements:
        data = placement.section.data
        image[placement.offset : placement.offset + len(data)] = data
    return image


def _order(section: Section) -> tuple[bool, int, int, int]:
    """TOC entries first (16-bit offsets reach them), arrays of pointers in their order of running."""
    group = 0 if section.name == ".toc" else 1
    priority = 0
    if section.kind in (SectionType.INIT_ARRAY, SectionType.FINI_ARRAY):
        group = 2 if section.kind == SectionType.INIT_ARRAY else 3
        suffix = section.name.rpartition(".")[2]
        priority = int(suffix) if suffix.isdecimal() else 65536
    return section.kind == SectionType.NOBITS, group, priority, section.index
