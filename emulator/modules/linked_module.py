"""A module that has been checked, resolved and laid out; nothing in the guest has been touched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from emulator.abi.memory_map import MODULE_BASE, MODULE_END
from emulator.abi.module import ModuleMetadata
from emulator.modules.elf_relocations import Relocation
from emulator.modules.elf_symbols import Symbol
from emulator.modules.relocation_types import RelocationType
from emulator.modules.segments import Segment, SegmentKind


@dataclass(frozen=True)
class Region:
    """Addresses from ``start`` up to ``end`` in which modules are placed."""

    start: int
    end: int

    @property
    def size(self) -> int:
        """Bytes."""
        return self.end - self.start


MODULE_REGION = Region(MODULE_BASE, MODULE_END)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a symbol leads: an offset into a segment, or an address when ``kind`` is None.

    ``toc`` is what r2 must hold there, None when it is the module's own business.
    """

    name: str
    kind: SegmentKind | None
    value: int
    local_entry: int = 0
    toc: int | None = None
    is_toc_base: bool = False
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Fixup:
    """A relocation ready to be carried out at an offset of a segment; ``slot`` is its stub or entry."""

    source: Relocation
    row: RelocationType
    kind: SegmentKind
    offset: int
    target: Target
    slot: int | None = None

    def __str__(self) -> str:
        return f"{self.row.name} at {self.source.place} against {self.source.target}"


@dataclass(frozen=True)
class PointerArray:
    """Addresses of functions, one after the other in the constants: constructors or destructors."""

    offset: int = 0
    count: int = 0


@dataclass(frozen=True)
class RecordArray:
    """Bytes of the constants that hold records of the kernel's own making, one after the other."""

    offset: int = 0
    size: int = 0


@dataclass(frozen=True)
class LinkedModule:
    """See the module's text. Sizes are in bytes; offsets count from the start of a segment."""

    metadata: ModuleMetadata
    segments: Mapping[SegmentKind, Segment] = field(repr=False)
    fixups: tuple[Fixup, ...] = field(repr=False)
    own_toc: bool
    entry: Target
    exit: Target | None
    init_array: PointerArray
    fini_array: PointerArray
    init_functions: RecordArray
    """The annotated initialisation functions, ``kernel::InitFunction`` each."""
    symbols: Mapping[str, tuple[Symbol, Target]] = field(repr=False)
    """The module's own global definitions."""
    ranges: tuple[tuple[Symbol, Target], ...] = field(repr=False)
    """Functions and objects, local ones too, for the symboliser."""
    stubs: Mapping[int, tuple[Target, int]] = field(repr=False)
    """Callee and addend by offset into the text segment."""
    addresses: Mapping[int, tuple[Target, int]] = field(repr=False)
    """Entries made for GOT relocations: target and addend by offset into the constants."""
    imports: tuple[str, ...]
    kept: tuple[str, ...]
    bound: tuple[str, ...]
    providers: tuple[str, ...]
    region: Region
    source: bytes = field(repr=False)
    """The file, for checkpoints and debug data."""

    @property
    def name(self) -> str:
        """The module's name."""
        return self.metadata.name

    @property
    def size(self) -> int:
        """Bytes of guest memory: whole pages of all segments."""
        return sum(self.page_bytes(kind) for kind in SegmentKind)

    def page_bytes(self, kind: SegmentKind) -> int:
        """Bytes of guest memory that a segment takes: whole pages, 0 when it is empty."""
        return self.segments[kind].page_bytes
