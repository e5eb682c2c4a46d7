"""The modules of a machine by key: what the loader device copies from, and where each of them has gone."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b

from emulator.abi.loader import NO_OFFSET
from emulator.abi.module import INIT_FUNCTION_SIZE
from emulator.devices.loader import ModuleImage
from emulator.errors import UsageError
from emulator.modules.kernel_symbols import KernelSymbols, LoadedModule
from emulator.modules.linked_module import LinkedModule, PointerArray, Target
from emulator.modules.placed_module import PlacedModule
from emulator.modules.relocate import Bases, relocate
from emulator.modules.segments import SegmentKind

_KEY_BYTES = 8


class ModuleSource:
    """A :class:`emulator.devices.loader.SegmentSource` of linked modules.

    A key is made of a module's name and its file's digest, so that it means the same in a checkpoint restored
    elsewhere. ``placed`` are the modules of which the bytes have been asked for, by key.
    """

    def __init__(self, kernel: KernelSymbols) -> None:
        self._toc = kernel.toc
        self._linked: dict[str, LinkedModule] = {}
        self.placed: dict[str, PlacedModule] = {}

    def add(self, linked: LinkedModule) -> ModuleImage:
        """Makes a module known; gives what the loader tells the guest of it."""
        key = module_key(linked)
        self._linked[key] = linked
        return module_image(linked, key)

    def relocate(self, key: str, bases: tuple[int, int, int]) -> tuple[bytes, bytes, bytes]:
        """Text, rodata and data for these addresses. Raises ModuleError, or UsageError for an unknown key."""
        if key not in self._linked:
            raise UsageError(f"module {key} is not known to this machine")
        linked = self._linked[key]
        placed = relocate(linked, Bases(*bases), self._toc)
        self.placed[key] = placed
        text, rodata, data = (placed.images[kind][: linked.segments[kind].size] for kind in SegmentKind)
        return text, rodata, data

    def remove(self, key: str) -> None:
        """Forgets a module that has been unloaded or whose load has failed."""
        self._linked.pop(key, None)
        self.placed.pop(key, None)

    def loaded(self) -> list[LoadedModule]:
        """What a further module can be linked against, in the order of placing."""
        return [placed.exports() for placed in self.placed.values()]

    def files(self) -> Mapping[str, bytes]:
        """The modules' files by key, for a checkpoint."""
        return {key: linked.source for key, linked in self._linked.items()}


def module_key(linked: LinkedModule) -> str:
    """By which a module is known on every host."""
    return f"{linked.name}-{blake2b(linked.source, digest_size=_KEY_BYTES).hexdigest()}"


def module_image(linked: LinkedModule, key: str) -> ModuleImage:
    """Sizes and entry points, with offsets from the text, behind which the other segments follow."""
    rodata = linked.page_bytes(SegmentKind.TEXT)
    return ModuleImage(
        key=key,
        name=linked.name,
        text_size=linked.segments[SegmentKind.TEXT].size,
        rodata_size=linked.segments[SegmentKind.RODATA].size,
        data_size=linked.segments[SegmentKind.DATA].size,
        entry=_text_offset(linked.entry),
        init_array=_array_offset(linked.init_array, rodata),
        init_array_count=linked.init_array.count,
        init_functions=rodata + linked.init_functions.offset if linked.init_functions.size else NO_OFFSET,
        init_functions_count=linked.init_functions.size // INIT_FUNCTION_SIZE,
        fini_array=_array_offset(linked.fini_array, rodata),
        fini_array_count=linked.fini_array.count,
        exit=_text_offset(linked.exit),
        mode=linked.metadata.mode,
        irreversible=linked.metadata.irreversible,
    )


def _text_offset(target: Target | None) -> int:
    return NO_OFFSET if target is None else target.value


def _array_offset(array: PointerArray, rodata: int) -> int:
    return rodata + array.offset if array.count else NO_OFFSET
