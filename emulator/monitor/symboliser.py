"""Names and source lines of the guest's addresses, and addresses of names: kernel and loaded modules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial

from emulator.errors import UsageError
from emulator.modules import KernelSymbols, NamedRange, PlacedModule, SymbolIndex, debug_image
from emulator.modules.demangle import demangle, without_parameters
from emulator.modules.kernel_symbols import build_id_of
from emulator.monitor.class_layout import member_offsets
from emulator.monitor.line_table import LineTable, SourceLine


@dataclass(frozen=True)
class Location:
    """What is known of one address."""

    address: int
    symbol: str = ""
    """Demangled; empty when the address is in no function or object."""
    offset: int = 0
    """Bytes from the symbol's start."""
    module: str = ""
    """Name of the update module that it lies in, empty for the kernel."""
    source: SourceLine | None = None

    def __str__(self) -> str:
        if not self.symbol:
            return f"{self.address:#018x}" + (f" [module {self.module}]" if self.module else "")
        parts = [f"{self.symbol}+{self.offset:#x}" if self.offset else self.symbol]
        if self.source is not None:
            parts.append(f"({self.source})")
        if self.module:
            parts.append(f"[module {self.module}]")
        return " ".join(parts)


class _Image:
    """Symbols and lines of the kernel or of one module."""

    def __init__(self, index: SymbolIndex, read_debug: Callable[[], bytes], name: str) -> None:
        self.index = index
        self.name = name
        self.lines = LineTable(read_debug)

    @cached_property
    def by_name(self) -> dict[str, list[NamedRange]]:
        """What lies where, by mangled name, demangled name, and demangled name without parameters."""
        names: dict[str, list[NamedRange]] = {}
        for item in self.index.ranges:
            plain = demangle(item.name)
            for name in {item.name, plain, without_parameters(plain)}:
                names.setdefault(name, []).append(item)
        return names


class Symboliser:
    """Reads the kernel's symbols when first asked; a line program when one of its addresses is."""

    def __init__(self, kernel: bytes) -> None:
        """``kernel`` is the image that was booted: kept, since a build may replace its file at any time."""
        self._kernel_image = kernel
        self._modules: dict[int, tuple[PlacedModule, _Image]] = {}

    @cached_property
    def kernel(self) -> KernelSymbols:
        """The kernel's exported symbols. Raises ModuleError when the image is damaged."""
        return KernelSymbols.from_elf(self._kernel_image)

    @cached_property
    def build_id(self) -> str:
        """Of the kernel, 40 hexadecimal digits. Raises ModuleError when the image is damaged."""
        return build_id_of(self._kernel_image).hex()

    @cached_property
    def _kernel(self) -> _Image:
        return _Image(self.kernel.index, lambda: self._kernel_image, "")

    def add_module(self, module: int, placed: PlacedModule) -> None:
        """A module of the guest, by the guest's id."""
        self._modules[module] = (placed, _module_image(placed))

    def remove_module(self, module: int) -> None:
        """The module is unloaded; one that is not known is ignored."""
        self._modules.pop(module, None)

    @property
    def modules(self) -> list[PlacedModule]:
        """Those that are in the guest, in the order in which they came."""
        return [placed for placed, _ in self._modules.values()]

    def module_at(self, address: int) -> PlacedModule | None:
        """The module whose pages hold the address."""
        return next((placed for placed, _ in self._modules.values() if placed.holds(address)), None)

    def locate(self, address: int, *, is_return: bool = False) -> Location:
        """Name and source line; of a return address (``is_return``) those of the call before it."""
        code = address - 4 if is_return else address
        image = self._image_at(code)
        return _location(image, address, code)

    def locate_symbol(self, address: int) -> Location:
        """Name without source line, which takes no debug data."""
        return _location(self._image_at(address), address, address, lines=False)

    def locate_in(self, placed: PlacedModule, address: int) -> Location:
        """As ``locate``, where a module lies or lay that need not be in the guest now."""
        if not placed.holds(address):
            return self.locate(address)
        return _location(_module_image(placed), address, address)

    def find(self, address: int) -> NamedRange | None:
        """The function or object that holds the address; its name is as in the symbol table."""
        return self._image_at(address).index.find(address)

    def address(self, text: str) -> int:
        """Of ``0x...``, ``symbol`` or ``symbol+offset``; symbols mangled or not, with or without parameters.

        Raises UsageError when there is no such symbol, or several.
        """
        name, plus, offset = text.strip().rpartition("+")
        if not plus or not name or name.endswith("operator"):
            name, offset = text.strip(), "0"
        try:
            return (int(name, 16) if name.startswith("0x") else self._symbol(name).start) + int(offset, 0)
        except ValueError:
            raise UsageError(f"address {text!r} is neither a number nor symbol+offset") from None

    def entry(self, function: str) -> int:
        """Where every call of the function comes by; one that was inlined comes nowhere.

        Raises UsageError when there is no such symbol, or several.
        """
        return self._symbol(function).entry

    def resolve(self, name: str) -> NamedRange | None:
        """What a symbol names, None when there is none. Raises UsageError when there are several."""
        for image in self._images():
            found = image.by_name.get(name, [])
            if len({item.start for item in found}) > 1:
                raise UsageError(f"symbol {name} stands for {len(found)} functions: write out its parameters")
            if found:
                return found[0]
        return None

    def members(self, class_name: str, *, of: str) -> dict[str, int]:
        """Offsets of a class' members in bytes; the kernel's function ``of`` is in the file that defines it.

        Raises UsageError when the kernel has no debug data that tells.
        """
        unit = self._kernel.lines.unit_at(self._symbol(of).start)
        found = {} if unit is None else member_offsets(unit, class_name)
        if not found:
            raise UsageError(f"the kernel's debug data does not tell the members of {class_name}")
        return found

    def names(self) -> list[str]:
        """Demangled names of all functions and objects, sorted; for completion."""
        return sorted({demangle(item.name) for image in self._images() for item in image.index.ranges})

    def _images(self) -> list[_Image]:
        return [*(image for _, image in self._modules.values()), self._kernel]

    def _image_at(self, address: int) -> _Image:
        for placed, image in self._modules.values():
            if placed.holds(address):
                return image
        return self._kernel

    def _symbol(self, name: str) -> NamedRange:
        found = self.resolve(name)
        if found is None:
            raise UsageError(f"symbol {name} is neither in the kernel nor in a loaded module")
        return found


def _module_image(placed: PlacedModule) -> _Image:
    return _Image(placed.index, partial(debug_image, placed), placed.name)


def _location(image: _Image, address: int, code: int, *, lines: bool = True) -> Location:
    found = image.index.find(code)
    source = image.lines.find(code) if lines else None
    if found is None:
        return Location(address, module=image.name, source=source)
    if lines and source is None and code < found.entry:
        # The instructions that set up r2 may come before the first line of the function.
        source = image.lines.find(found.entry)
    return Location(address, demangle(found.name), address - found.start, image.name, source)
