"""A module relocated for its addresses: what the loader copies, and what is known by address afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from emulator.modules.elf_constants import Binding, Visibility
from emulator.modules.elf_symbols import Symbol
from emulator.modules.kernel_symbols import ExportedSymbol, LoadedModule
from emulator.modules.linked_module import LinkedModule, PointerArray, Target
from emulator.modules.segments import SegmentKind
from emulator.modules.stubs import STUB_SIZE
from emulator.modules.symbol_index import NamedRange, SymbolIndex, named_range


@dataclass(frozen=True)
class PlacedModule:
    """``images`` are whole pages, .bss and gaps included as zeros; ``toc`` is the TOC base of its code."""

    linked: LinkedModule
    bases: Mapping[SegmentKind, int]
    toc: int
    images: Mapping[SegmentKind, bytes] = field(repr=False)

    @property
    def name(self) -> str:
        """The module's name."""
        return self.linked.name

    @property
    def entry(self) -> int:
        """Global entry point of the initialisation function: call it with this address in r12."""
        return self._address(self.linked.entry)

    @property
    def exit(self) -> int | None:
        """Global entry point of the function to call before unloading, if there is one."""
        return None if self.linked.exit is None else self._address(self.linked.exit)

    @property
    def init_array(self) -> tuple[int, int]:
        """Address and number of the constructors, in the order to run."""
        return self._array(self.linked.init_array)

    @property
    def fini_array(self) -> tuple[int, int]:
        """Address and number of the destructors, to run from the last to the first."""
        return self._array(self.linked.fini_array)

    @property
    def init_functions(self) -> tuple[int, int]:
        """Address and bytes of the annotated initialisation functions, (0, 0) without any."""
        records = self.linked.init_functions
        return (self.bases[SegmentKind.RODATA] + records.offset, records.size) if records.size else (0, 0)

    @cached_property
    def index(self) -> SymbolIndex:
        """Names by address."""
        named = [named_range(symbol, self._address(target)) for symbol, target in self.linked.ranges]
        text = self.bases[SegmentKind.TEXT]
        stubs = [
            NamedRange(text + offset, STUB_SIZE, f"{target.name}@stub", True)
            for offset, (target, _) in self.linked.stubs.items()
        ]
        return SymbolIndex.of([*named, *stubs])

    def address_of(self, name: str) -> int | None:
        """Of one of the module's own global definitions."""
        found = self.linked.symbols.get(name)
        return None if found is None else self._address(found[1])

    def holds(self, address: int) -> SegmentKind | None:
        """The segment in whose pages an address lies."""
        for kind, base in self.bases.items():
            if base <= address < base + self.linked.page_bytes(kind):
                return kind
        return None

    def exports(self) -> LoadedModule:
        """What modules that require this one can link against. Entry and exit are each module's own."""
        own = {self.linked.entry.name} | ({self.linked.exit.name} if self.linked.exit else set())
        symbols = {
            name: self._exported(symbol, target)
            for name, (symbol, target) in self.linked.symbols.items()
            if name not in own and symbol.visibility in (Visibility.DEFAULT, Visibility.PROTECTED)
        }
        return LoadedModule(self.name, self.linked.metadata.revision, symbols)

    def _exported(self, symbol: Symbol, target: Target) -> ExportedSymbol:
        return ExportedSymbol(
            symbol.name,
            self._address(target),
            symbol.size,
            symbol.kind,
            symbol.binding is Binding.WEAK,
            target.kind is SegmentKind.DATA,
            symbol.other,
            self.toc,
        )

    def _address(self, target: Target) -> int:
        return target.value + (0 if target.kind is None else self.bases[target.kind])

    def _array(self, array: PointerArray) -> tuple[int, int]:
        return (self.bases[SegmentKind.RODATA] + array.offset, array.count) if array.count else (0, 0)
