"""To what each symbol of a module refers: the rules on duplicates, weak copies and other modules.

1. A strong definition that the kernel, or a required module, has too is refused: one of the two would be
   ignored by half of the callers.
2. A weak (also COMDAT) function or constant stays the module's own. Both copies come from one source, and
   the module can then be unloaded without the kernel having come to depend on it.
3. Weak writable data is one thing that all must share: it binds to the kernel's copy, or is refused.
4. What is not defined comes from the kernel, then from a required module that is loaded; a weak reference
   to nothing is 0, any other is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from emulator.modules.demangle import demangle
from emulator.modules.elf_constants import Binding
from emulator.modules.elf_file import ElfObject
from emulator.modules.elf_sections import Section
from emulator.modules.elf_symbols import Symbol
from emulator.modules.kernel_symbols import ExportedSymbol, KernelSymbols, LoadedModule
from emulator.modules.refusal import refusal
from emulator.modules.segments import SegmentKind, segment_kind

TOC_SYMBOL = ".TOC."
_LISTED = 8
"""Undefined symbols that an error line names; the rest is counted."""


@dataclass(frozen=True)
class Resolution:
    """The outcome, by symbol index and section index."""

    external: Mapping[int, ExportedSymbol]
    """Symbols that lead out of the module."""
    missing: frozenset[int]
    """Weak references to nothing: address 0."""
    kept: tuple[str, ...]
    """Weak functions and constants that the kernel has too; the module uses its own."""
    bound: tuple[str, ...]
    """Weak writable data of which the kernel's copy is used."""
    dropped: frozenset[int]
    """Sections that are not loaded because the kernel's copy of all that they define is used."""
    providers: tuple[str, ...]
    """Required modules of which a symbol is used."""


def resolve(
    module: ElfObject,
    kernel: KernelSymbols,
    required: Sequence[LoadedModule],
    others: Sequence[LoadedModule],
) -> Resolution:
    """Applies the rules. ``others`` are loaded but not required: named in the error when they would help.

    Raises ModuleError.
    """
    resolver = _Resolver(module, kernel, required, others)
    for symbol in module.symbols:
        if symbol.binding is not Binding.LOCAL:
            resolver.add(symbol)
    resolver.refuse_undefined()
    return resolver.result()


class _Resolver:
    def __init__(
        self,
        module: ElfObject,
        kernel: KernelSymbols,
        required: Sequence[LoadedModule],
        others: Sequence[LoadedModule],
    ) -> None:
        self._module = module
        self._kernel = kernel
        self._required = required
        self._others = others
        self._external: dict[int, ExportedSymbol] = {}
        self._missing: set[int] = set()
        self._kept: list[str] = []
        self._bound: list[str] = []
        self._providers: set[str] = set()
        self._undefined: list[Symbol] = []

    def add(self, symbol: Symbol) -> None:
        if symbol.name == TOC_SYMBOL:
            if symbol.defined:
                raise refusal(f"{symbol}: defined in the module, only a linker may")
        elif not symbol.defined:
            self._add_reference(symbol)
        elif symbol.binding is Binding.WEAK:
            self._add_weak(symbol)
        else:
            self._add_strong(symbol)

    def _add_strong(self, symbol: Symbol) -> None:
        hint = "rename it, make it static, or put the class into a new `inline namespace vN`"
        if self._kernel.exports(symbol.name) is not None:
            raise refusal(f"{symbol}: a strong definition of the kernel's symbol", hint)
        for other in self._required:
            if symbol.name in other.symbols:
                raise refusal(f"{symbol}: a strong definition of a symbol of module {other.name}", hint)

    def _add_weak(self, symbol: Symbol) -> None:
        copy = self._kernel.exports(symbol.name)
        section = None if symbol.absolute else self._module.sections[symbol.section]
        if section is None or not section.allocated or segment_kind(section) is not SegmentKind.DATA:
            if copy is not None:
                self._kept.append(symbol.name)
            return
        _check_shared_data(symbol, section, copy)
        if copy is not None:
            self._external[symbol.index] = copy
            self._bound.append(symbol.name)

    def _add_reference(self, symbol: Symbol) -> None:
        found = self._kernel.exports(symbol.name)
        for other in self._required:
            if found is None and symbol.name in other.symbols:
                found = other.symbols[symbol.name]
                self._providers.add(other.name)
        if found is not None:
            self._external[symbol.index] = found
        elif symbol.binding is Binding.WEAK:
            self._missing.add(symbol.index)
        elif symbol.index:
            self._undefined.append(symbol)

    def refuse_undefined(self) -> None:
        if not self._undefined:
            return
        names = [demangle(symbol.name) for symbol in self._undefined]
        for other in self._others:
            if self._undefined[0].name in other.symbols:
                raise refusal(
                    f"undefined symbol {names[0]}: module {other.name} has it, but is not required",
                    f'add requires = ["{other.name}"] to update.toml',
                )
        if len(names) == 1:
            raise refusal(f"undefined symbol {names[0]}{self._first_use(self._undefined[0])}")
        rest = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
        raise refusal(f"{len(names)} undefined symbols: {', '.join(names[:_LISTED])}{rest}")

    def _first_use(self, symbol: Symbol) -> str:
        for relocations in self._module.relocations.values():
            for relocation in relocations:
                if relocation.symbol.index == symbol.index:
                    return f", used at {relocation.place}"
        return ""

    def result(self) -> Resolution:
        return Resolution(
            self._external,
            frozenset(self._missing),
            tuple(sorted(self._kept)),
            tuple(sorted(self._bound)),
            frozenset(self._dropped()),
            tuple(sorted(self._providers)),
        )

    def _dropped(self) -> Iterable[int]:
        """Group members of which every global symbol is bound elsewhere."""
        own: set[int] = set()
        bound: set[int] = set()
        for symbol in self._module.symbols:
            if symbol.binding is not Binding.LOCAL and symbol.defined:
                (bound if symbol.index in self._external else own).add(symbol.section)
        for group in self._module.groups:
            yield from (member for member in group.members if member in bound and member not in own)


def _check_shared_data(symbol: Symbol, section: Section, copy: ExportedSymbol | None) -> None:
    if copy is None:
        raise refusal(
            f"{symbol}: weak writable data in {section.name}, and the kernel has no copy to share",
            "define it in one source file, or give it internal linkage (static, unnamed namespace)",
        )
    if not copy.writable:
        raise refusal(f"{symbol}: weak writable data in {section.name}, the kernel's copy is not writable")
    if copy.size != symbol.size:
        raise refusal(
            f"{symbol}: {symbol.size} bytes of weak writable data, the kernel's copy has {copy.size}",
            "build the module against this kernel's headers",
        )
