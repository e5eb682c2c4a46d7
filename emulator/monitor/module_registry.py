"""The modules that this host has handed to the guest: their files, and where they lie.

Plain data: the files by key, and which of them lies where under which id of the guest's. Everything else is
linked and relocated again from that when it is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from emulator.abi.mailbox import EventKind
from emulator.abi.values import Value, blob, integer, items, text
from emulator.devices.loader import LoadOutcome, ModuleImage, segment_bases
from emulator.devices.mailbox import Mailbox
from emulator.errors import ModuleError
from emulator.modules import ModuleSource, PlacedModule, link_module
from emulator.modules.versions import check_classes, check_versions
from emulator.monitor.symboliser import Location, Symboliser

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
        self._images: dict[str, ModuleImage] = {}
        """Of the files that are linked by now."""
        self._pending: _Place | None = None
        """Relocated; the guest has not told its id yet."""
        self._places: dict[int, _Place] = {}
        self._placed: dict[int, PlacedModule] = {}
        self._read = 0

    @property
    def placed(self) -> dict[int, PlacedModule]:
        """The modules that are in the guest, by its ids, in the order of loading."""
        return dict(self._placed)

    def add(self, data: bytes) -> ModuleImage:
        """Checks and links a module against the kernel and what is loaded. Raises ModuleError."""
        image = self._link(data)
        self._files[image.key] = data
        self._images[image.key] = image
        return image

    def key_of(self, data: bytes) -> str | None:
        """By which a file was handed to the guest, None when it was not."""
        return next((key for key, file in self._files.items() if file == data), None)

    def _link(self, data: bytes) -> ModuleImage:
        loaded = [module.exports() for module in self._placed.values()]
        linked = link_module(data, self._symbols.kernel, loaded)
        check_classes(linked)
        check_versions(linked.metadata, [module.linked.metadata for module in self._placed.values()])
        numbers = {module.name: number for number, module in self._placed.items()}
        required = tuple(numbers[name] for name in linked.metadata.requires)
        return replace(self._source.add(linked), required=required)

    def relocate(self, key: str, bases: tuple[int, int, int]) -> tuple[bytes, bytes, bytes]:
        """Text, rodata and data of a module for these addresses. Raises ModuleError."""
        self._image(key)
        segments = self._source.relocate(key, bases)
        self._pending = _Place(key, bases[0])
        return segments

    def locate(self, outcome: LoadOutcome) -> Location:
        """Where a module's initialisation was ended, though the module may be gone by now."""
        if not outcome.base:
            return self._symbols.locate(outcome.address)
        return self._symbols.locate_in(self._place(_Place(outcome.key, outcome.base)), outcome.address)

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
        self._images = {}
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
        self._places[module] = place
        self._placed[module] = self._place(place)
        self._symbols.add_module(module, self._placed[module])

    def _forget(self, module: int) -> None:
        self._places.pop(module, None)
        self._placed.pop(module, None)
        self._symbols.remove_module(module)

    def _place(self, place: _Place) -> PlacedModule:
        self._source.relocate(place.key, segment_bases(self._image(place.key), place.base))
        return self._source.placed[place.key]

    def _image(self, key: str) -> ModuleImage:
        if key not in self._files:
            raise ModuleError(f"the guest asks for module {key}, which this host does not have")
        return self._images.get(key) or self._relinked(key)

    def _relinked(self, key: str) -> ModuleImage:
        """Of a restored machine: it was checked when it was added."""
        loaded = [
            module.exports() for number, module in self._placed.items() if self._places[number].key != key
        ]
        self._images[key] = self._source.add(link_module(self._files[key], self._symbols.kernel, loaded))
        return self._images[key]

    @cached_property
    def _source(self) -> ModuleSource:
        return ModuleSource(self._symbols.kernel)
