"""The modules that this host has handed to the guest: their files, and where they lie.

Plain data: the files by digest, and which of them lies where under which id of the guest's. Everything else
is linked and relocated again from that when it is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Final

from emulator.abi.loader import NO_OFFSET
from emulator.abi.mailbox import EventKind
from emulator.abi.values import Value, blob, integer, items, text
from emulator.devices.loader import LoadOutcome, ModuleImage, segment_bases
from emulator.devices.mailbox import Mailbox
from emulator.errors import ModuleError
from emulator.modules import Bases, LinkedModule, PlacedModule, SegmentKind, link_module, relocate
from emulator.modules.linked_module import PointerArray, Target
from emulator.monitor.symboliser import Location, Symboliser

_KEY_BYTES: Final = 16
_GONE: Final = ("aborted", "unloaded")


@dataclass(frozen=True)
class _Place:
    key: str
    base: int


class ModuleRegistry:
    """Serves the module loader device as its source of segments."""

    def __init__(self, symbols: Symboliser) -> None:
        self._symbols = symbols
        self._files: dict[str, bytes] = {}
        self._linked: dict[str, LinkedModule] = {}
        self._pending: _Place | None = None
        """Relocated; the guest has not told its id yet."""
        self._places: dict[int, _Place] = {}
        self._placed: dict[int, PlacedModule] = {}
        self._read = 0

    @property
    def placed(self) -> dict[int, PlacedModule]:
        """The modules that are in the guest, by its ids, in the order of loading."""
        return dict(self._placed)

    def add(self, data: bytes) -> LinkedModule:
        """Checks and links a module against the kernel and what is loaded. Raises ModuleError."""
        linked = link_module(data, self._symbols.kernel, [each.exports() for each in self._placed.values()])
        key = _key(data)
        self._files[key] = data
        self._linked[key] = linked
        return linked

    def image(self, linked: LinkedModule) -> ModuleImage:
        """What the loader tells the guest of a module that was added."""
        text_size, rodata_size, data_size = (linked.segments[kind].size for kind in SegmentKind)
        plain = ModuleImage(_key(linked.source), linked.name, text_size, rodata_size, data_size)
        offsets = dict(zip(SegmentKind, segment_bases(plain, 0), strict=True))

        def function(target: Target | None) -> int:
            return NO_OFFSET if target is None or target.kind is None else offsets[target.kind] + target.value

        def array(pointers: PointerArray) -> int:
            return offsets[SegmentKind.RODATA] + pointers.offset if pointers.count else NO_OFFSET

        return replace(
            plain,
            entry=function(linked.entry),
            init_array=array(linked.init_array),
            init_array_count=linked.init_array.count,
            fini_array=array(linked.fini_array),
            fini_array_count=linked.fini_array.count,
            exit=function(linked.exit),
        )

    def relocate(self, key: str, bases: tuple[int, int, int]) -> tuple[bytes, bytes, bytes]:
        """Text, rodata and data of a module for these addresses. Raises ModuleError."""
        placed = self._place(_Place(key, bases[0]), bases)
        self._pending = _Place(key, bases[0])
        text_part, rodata, data = (placed.images[kind] for kind in SegmentKind)
        return text_part, rodata, data

    def locate(self, outcome: LoadOutcome) -> Location:
        """Where a module's initialisation was ended, though the module may be gone by now."""
        if not outcome.base:
            return self._symbols.locate(outcome.address)
        place = _Place(outcome.key, outcome.base)
        placed = self._place(place, segment_bases(self.image(self._link(place.key)), place.base))
        return self._symbols.locate_in(placed, outcome.address)

    def catch_up(self, mailbox: Mailbox) -> None:
        """Learns from the guest's events which module is where and which is gone."""
        events = mailbox.events_since(self._read)
        self._read = mailbox.events_total
        for event in events:
            if event.kind is EventKind.MODULE_STATE:
                self._module_state(integer(event.values[0]), text(event.values[2]))

    def get_state(self) -> list[Value]:
        """Everything, as values for a checkpoint."""
        pending: list[Value] = [self._pending.key, self._pending.base] if self._pending else []
        return [
            self._read,
            [[key, data] for key, data in sorted(self._files.items())],
            pending,
            [[module, place.key, place.base] for module, place in self._places.items()],
        ]

    def set_state(self, values: Sequence[Value]) -> None:
        """Takes back what get_state gave. Raises MalformedValues, ValueError or ModuleError."""
        for module in list(self._placed):
            self._forget(module)
        self._read = integer(values[0])
        self._files = {text(key): blob(data) for key, data in map(items, items(values[1]))}
        self._linked = {}
        pending = items(values[2])
        self._pending = _Place(text(pending[0]), integer(pending[1])) if pending else None
        self._places = {}
        for row in items(values[3]):
            number, key, base = items(row)
            self._settle(integer(number), _Place(text(key), integer(base)))

    def _module_state(self, module: int, state: str) -> None:
        if state in _GONE:
            self._forget(module)
        elif module not in self._places and self._pending is not None:
            self._settle(module, self._pending)
            self._pending = None

    def _settle(self, module: int, place: _Place) -> None:
        bases = segment_bases(self.image(self._link(place.key)), place.base)
        self._places[module] = place
        self._placed[module] = self._place(place, bases)
        self._symbols.add_module(module, self._placed[module])

    def _forget(self, module: int) -> None:
        self._places.pop(module, None)
        self._placed.pop(module, None)
        self._symbols.remove_module(module)

    def _place(self, place: _Place, bases: tuple[int, int, int]) -> PlacedModule:
        linked = self._link(place.key)
        return relocate(linked, Bases(*bases), self._symbols.kernel.toc)

    def _link(self, key: str) -> LinkedModule:
        if key not in self._files:
            raise ModuleError(f"the guest asks for module {key}, which this host does not have")
        if key not in self._linked:
            self.add(self._files[key])
        return self._linked[key]


def _key(data: bytes) -> str:
    return blake2b(data, digest_size=_KEY_BYTES).hexdigest()
