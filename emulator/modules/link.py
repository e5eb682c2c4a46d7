"""From a module's file to a :class:`LinkedModule`: everything that can be refused is refused here.

The order: file and its tables (:mod:`elf_file`), metadata, kernel build-id, required modules, symbols
(:mod:`resolve`), layout (:mod:`module_layout`), each relocation (:mod:`fixups`), entry point, size, and a
trial relocation at both ends of the module area, so that one at the address that the guest gives cannot fail.
"""

from __future__ import annotations

from collections.abc import Sequence

from emulator.abi.module import INIT_FUNCTION_SIZE, INIT_FUNCTIONS_SECTION, MODULE_EXIT, ModuleMetadata
from emulator.modules.elf_constants import SectionType
from emulator.modules.elf_file import read_object
from emulator.modules.kernel_symbols import KernelSymbols, LoadedModule
from emulator.modules.linked_module import MODULE_REGION, LinkedModule, Region
from emulator.modules.metadata import check_kernel, find_required, read_metadata
from emulator.modules.module_layout import ModuleLayout
from emulator.modules.refusal import refusal
from emulator.modules.relocate import Bases, relocate
from emulator.modules.resolve import Resolution, resolve
from emulator.modules.segments import SegmentKind


def link_module(
    data: bytes,
    kernel: KernelSymbols,
    loaded: Sequence[LoadedModule] = (),
    region: Region = MODULE_REGION,
) -> LinkedModule:
    """Checks, resolves and lays out a module's file for any place in ``region``; the guest is not involved.

    ``loaded`` are the modules in the guest, in the order of loading. Raises ModuleError, whatever the bytes
    are.
    """
    module = read_object(data)
    metadata = read_metadata(module)
    check_kernel(metadata, kernel)
    required = find_required(metadata, loaded)
    resolution = resolve(module, kernel, required, [item for item in loaded if item not in required])
    layout = ModuleLayout.of(module, resolution, kernel, region)
    linked = _linked(data, metadata, resolution, layout, region)
    _check_size(linked)
    for start in (region.start, region.end - linked.size):
        relocate(linked, Bases.contiguous(linked, start), kernel.toc)
    return linked


def _linked(
    source: bytes, metadata: ModuleMetadata, resolution: Resolution, layout: ModuleLayout, region: Region
) -> LinkedModule:
    return LinkedModule(
        metadata=metadata,
        segments=layout.segments,
        fixups=tuple(layout.fixups()),
        own_toc=layout.reservation.own_toc,
        entry=layout.entry(metadata.entry),
        exit=layout.function(MODULE_EXIT),
        init_array=layout.pointers(SectionType.INIT_ARRAY),
        fini_array=layout.pointers(SectionType.FINI_ARRAY),
        init_functions=layout.records(INIT_FUNCTIONS_SECTION, INIT_FUNCTION_SIZE),
        symbols=dict(layout.definitions()),
        ranges=tuple(layout.ranges()),
        stubs=layout.stubs(),
        addresses=layout.addresses(),
        imports=tuple(sorted({symbol.name for symbol in resolution.external.values()})),
        kept=resolution.kept,
        bound=resolution.bound,
        providers=resolution.providers,
        region=region,
        source=source,
    )


def _check_size(linked: LinkedModule) -> None:
    if linked.size > linked.region.size:
        parts = ", ".join(f"{kind.value} {linked.page_bytes(kind):#x}" for kind in SegmentKind)
        raise refusal(f"takes {linked.size:#x} bytes ({parts}), the module area has {linked.region.size:#x}")
