"""Update modules, host side: everything up to the bytes that are ready to be copied into the guest.

kernel = KernelSymbols.from_elf(image)
linked = link_module(file, kernel, loaded)          # state `linked`; the guest has not been touched
placed = relocate(linked, Bases(...), kernel.toc)   # at the addresses that the guest gave
placed.images, placed.init_array, placed.entry      # for the loader
loaded.append(placed.exports())                     # for modules that require this one
"""

from emulator.modules.check import ModuleReport, check_module
from emulator.modules.debug_image import debug_image
from emulator.modules.kernel_symbols import ExportedSymbol, KernelSymbols, LoadedModule
from emulator.modules.link import link_module
from emulator.modules.linked_module import MODULE_REGION, LinkedModule, PointerArray, RecordArray, Region
from emulator.modules.module_source import ModuleSource
from emulator.modules.placed_module import PlacedModule
from emulator.modules.relocate import Bases, relocate
from emulator.modules.segments import Segment, SegmentKind
from emulator.modules.symbol_index import NamedRange, SymbolIndex

__all__ = [
    "MODULE_REGION",
    "Bases",
    "ExportedSymbol",
    "KernelSymbols",
    "LinkedModule",
    "LoadedModule",
    "ModuleReport",
    "ModuleSource",
    "NamedRange",
    "PlacedModule",
    "PointerArray",
    "RecordArray",
    "Region",
    "Segment",
    "SegmentKind",
    "SymbolIndex",
    "check_module",
    "debug_image",
    "link_module",
    "relocate",
]
