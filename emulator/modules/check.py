"""What `evergreen update check` says of a module: all that can be known without a guest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from emulator.abi.module import CallerClass, ClassUpdate
from emulator.modules.kernel_symbols import KernelSymbols, LoadedModule
from emulator.modules.link import link_module
from emulator.modules.linked_module import LinkedModule
from emulator.modules.segments import SegmentKind


@dataclass(frozen=True)
class SectionReport:
    """One loaded section; ``offset`` counts from the start of its segment, both in bytes."""

    name: str
    segment: str
    offset: int
    size: int


@dataclass(frozen=True)
class ModuleReport:
    """A module that may be applied to this kernel. Sizes are in bytes; symbol names are mangled.

    ``kept`` are weak functions and constants of which the module uses its own copy though the kernel has one;
    ``bound`` is weak writable data of which it uses the kernel's.
    """

    name: str
    revision: int
    kernel_build_id: str
    updates: tuple[ClassUpdate, ...]
    requires: tuple[str, ...]
    mode: str
    irreversible: str
    callers: tuple[CallerClass, ...]
    entry: str
    exit: str | None
    constructors: int
    destructors: int
    sizes: dict[str, int]
    bytes_in_guest: int
    sections: tuple[SectionReport, ...]
    imports: tuple[str, ...]
    exports: tuple[str, ...]
    kept: tuple[str, ...]
    bound: tuple[str, ...]
    own_toc: bool
    stubs: int
    relocations: dict[str, int]


def check_module(data: bytes, kernel: KernelSymbols, loaded: Sequence[LoadedModule] = ()) -> ModuleReport:
    """Does all that applying would do before the guest is asked. Raises ModuleError when it is refused."""
    return report(link_module(data, kernel, loaded))


def report(linked: LinkedModule) -> ModuleReport:
    """The report of a module that has been linked."""
    metadata = linked.metadata
    return ModuleReport(
        name=metadata.name,
        revision=metadata.revision,
        kernel_build_id=metadata.kernel_build_id.hex(),
        updates=metadata.updates,
        requires=metadata.requires,
        mode=metadata.mode.name.lower(),
        irreversible=metadata.irreversible,
        callers=metadata.callers,
        entry=metadata.entry,
        exit=None if linked.exit is None else linked.exit.name,
        constructors=linked.init_array.count,
        destructors=linked.fini_array.count,
        sizes={kind.value: linked.segments[kind].size for kind in SegmentKind},
        bytes_in_guest=linked.size,
        sections=_sections(linked),
        imports=linked.imports,
        exports=tuple(sorted(linked.symbols)),
        kept=linked.kept,
        bound=linked.bound,
        own_toc=linked.own_toc,
        stubs=len(linked.stubs),
        relocations=_count(linked),
    )


def _sections(linked: LinkedModule) -> tuple[SectionReport, ...]:
    return tuple(
        SectionReport(item.section.name, kind.value, item.offset, item.section.size)
        for kind in SegmentKind
        for item in linked.segments[kind].placements
    )


def _count(linked: LinkedModule) -> dict[str, int]:
    counts: dict[str, int] = {}
    for fixup in linked.fixups:
        counts[fixup.row.name] = counts.get(fixup.row.name, 0) + 1
    return dict(sorted(counts.items()))
