"""Where each symbol of a module leads once its sections have been laid out."""

from __future__ import annotations

from collections.abc import Mapping

from emulator.modules.elf_file import ElfObject
from emulator.modules.elf_relocations import Relocation
from emulator.modules.elf_symbols import Symbol
from emulator.modules.linked_module import Target
from emulator.modules.refusal import refusal
from emulator.modules.resolve import TOC_SYMBOL, Resolution
from emulator.modules.segments import Placement


class Targets:
    """Targets by symbol."""

    def __init__(
        self, module: ElfObject, resolution: Resolution, placements: Mapping[int, Placement]
    ) -> None:
        self._module = module
        self._resolution = resolution
        self._placements = placements

    def find(self, symbol: Symbol) -> Target | None:
        """None when the symbol lies in a section that is not loaded."""
        if symbol.name == TOC_SYMBOL:
            return Target(symbol.name, None, 0, is_toc_base=True)
        external = self._resolution.external.get(symbol.index)
        if external is not None:
            return Target(external.name, None, external.address, external.local_entry, external.toc)
        if symbol.index in self._resolution.missing or not symbol.defined:
            return Target(symbol.name, None, 0, missing=symbol.index != 0)
        if symbol.absolute:
            return Target(symbol.name, None, symbol.value)
        placement = self._placements.get(symbol.section)
        if placement is None:
            return None
        return Target(symbol.name, placement.kind, placement.offset + symbol.value, symbol.local_entry)

    def of(self, relocation: Relocation) -> Target:
        """Raises ModuleError when the relocation refers to something that is not loaded."""
        target = self.find(relocation.symbol)
        if target is None:
            section = self._module.sections[relocation.symbol.section]
            name = relocation.symbol.name or section.name
            raise refusal(f"relocation at {relocation.place} against {name}: {section} is not loaded")
        return target
