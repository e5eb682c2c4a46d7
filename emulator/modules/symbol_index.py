"""From an address to the function or object that holds it: what a backtrace shows without debug data."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field

from emulator.modules.elf_constants import Binding, SymbolType
from emulator.modules.elf_symbols import Symbol


@dataclass(frozen=True, order=True, slots=True)
class NamedRange:
    """``size`` bytes from ``start`` belong to ``name`` (as in the symbol table: mangled)."""

    start: int
    size: int
    name: str
    is_function: bool = field(compare=False)
    local_entry: int = field(default=0, compare=False)
    """Bytes to the local entry point (ELFv2 2.3.2.1)."""

    @property
    def entry(self) -> int:
        """The address by which every call comes: the global entry point leads to it."""
        return self.start + self.local_entry


@dataclass(frozen=True)
class SymbolIndex:
    """Named ranges by address."""

    ranges: tuple[NamedRange, ...]
    _starts: tuple[int, ...] = field(repr=False)

    @classmethod
    def of(cls, ranges: Iterable[NamedRange]) -> SymbolIndex:
        """Sorts the ranges; of several at one address the longest is found, then the last by name."""
        ordered = tuple(sorted(ranges))
        return cls(ordered, tuple(item.start for item in ordered))

    @classmethod
    def of_image(cls, symbols: Iterable[Symbol]) -> SymbolIndex:
        """Functions and objects, local ones too, of a linked image."""
        return cls.of(named_range(symbol, symbol.value) for symbol in symbols if is_named_range(symbol))

    def find(self, address: int) -> NamedRange | None:
        """The range that holds the address; a range of size 0 (an assembly label) reaches to the next one."""
        position = bisect_right(self._starts, address) - 1
        if position < 0:
            return None
        found = self.ranges[position]
        return found if found.size == 0 or address < found.start + found.size else None

    def describe(self, address: int) -> str | None:
        """``name+0x10``, None when the address is in no range."""
        found = self.find(address)
        if found is None:
            return None
        offset = address - found.start
        return f"{found.name}+{offset:#x}" if offset else found.name


def named_range(symbol: Symbol, start: int) -> NamedRange:
    """What a symbol names that lies at ``start``. Raises ModuleError for a reserved value of st_other."""
    is_function = symbol.kind is SymbolType.FUNCTION
    return NamedRange(start, symbol.size, symbol.name, is_function, symbol.local_entry if is_function else 0)


def is_named_range(symbol: Symbol) -> bool:
    """Functions and objects, and labels of assembly that others can see; not section or file symbols."""
    if not symbol.defined or not symbol.name or symbol.absolute:
        return False
    if symbol.kind is SymbolType.NONE:
        return symbol.binding is not Binding.LOCAL
    return symbol.kind in (SymbolType.FUNCTION, SymbolType.OBJECT)
