"""The state of an object as debug information describes it: every field, and all that its pointers lead to.

Nothing here knows a class: a field that is added to one is in the next state that is read.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from emulator import Machine
from emulator.abi.memory_map import GLOBAL_TABLE_BASE, LINEAR_BASE, PAGE_SIZE, PERCPU_BASE
from tests.updates.debug_types import Array, DebugTypes, Pointer, Scalar, Structure, Type

HEAP: Final = range(LINEAR_BASE, PERCPU_BASE)
OTHERS: Final = ("kernel::Thread",)
"""No part of an object's state, though it may point to them: to the same one before and after."""
REFERENCE: Final = "objects::LocalEntry"
"""What a reference to another object points to."""
NO_STATE: Final = re.compile(r"kernel::(Mutex|SpinLock)\b|objects::(Root|Object|Rep|PartitionedRoot)\b")
"""Classes of what every object has, and of what guards it: that is as it was made while nobody calls."""
SCRATCH: Final = re.compile(r"\bm_(imported|parcel)$")
"""Fields that say something between import and commit alone."""
_VIRTUAL_TABLE: Final = "vtable for "
_ELEMENT: Final = re.compile(r"\[\d+\]")


Difference = dict[str, tuple[int | str | None, int | str | None]]
"""By path, what it is in one and in the other."""


@dataclass(frozen=True)
class Field:
    """One number, truth value or pointer, and where it lies."""

    path: str
    """How it is reached: ``m_rep.m_state.pages.m_count``, ``#3.dirty`` in the third structure pointed to."""
    value: int | str
    """Of a pointer to something that is part of the state ``#N``: the same structure is the same N."""
    address: int
    size: int
    target: str
    """The class that a pointer leads to."""
    is_state: bool
    """Whether it lies in the object itself and is its class's own."""

    @property
    def holds_structure(self) -> bool:
        """Whether it is a pointer to what the object has outside itself."""
        return self.target not in ("", REFERENCE)

    @property
    def name(self) -> str:
        """The path without the numbers of elements, of which one stands for all."""
        return _ELEMENT.sub("[]", self.path)


@dataclass(frozen=True)
class ObjectState:
    """What an object consists of at one moment."""

    class_name: str
    fields: tuple[Field, ...]

    @cached_property
    def values(self) -> dict[str, int | str]:
        """By path."""
        return {each.path: each.value for each in self.fields}

    def paths(self, last: str) -> list[str]:
        """Fields of that name in the structures that pointers lead to."""
        return [path for path in self.values if path.startswith("#") and path.endswith(f".{last}")]

    def differs(self, other: ObjectState) -> Difference:
        """The fields that are not the same in both, with what they are."""
        paths = {**self.values, **other.values}
        pairs = {path: (self.values.get(path), other.values.get(path)) for path in paths}
        return {path: pair for path, pair in pairs.items() if pair[0] != pair[1]}


@dataclass
class _Reading:
    """Structures that were met so far, and those that have not been looked at."""

    seen: dict[int, int] = field(default_factory=dict)
    waiting: deque[tuple[int, str]] = field(default_factory=deque)

    def number(self, address: int, class_name: str) -> int:
        """Of the structure there; the first is 0."""
        if address not in self.seen:
            self.seen[address] = len(self.seen)
            self.waiting.append((address, class_name))
        return self.seen[address]


class StateReader:
    """Reads and alters objects of one machine, which stands still meanwhile."""

    def __init__(self, machine: Machine, types: DebugTypes) -> None:
        self._machine = machine
        self._types = types
        self._pages: dict[int, bytes] = {}
        """What was read of them, until the machine may have gone on."""

    def read(self, reference: str) -> ObjectState:
        """Of an object by its reference, ``@index.sequence``."""
        return self.read_root(self.root_of(reference))

    def read_root(self, root: int) -> ObjectState:
        """Of the object with that root."""
        self._pages.clear()
        name = self._class_of(root)
        reading = _Reading()
        fields: list[Field] = []
        reading.number(root, name)
        while reading.waiting:
            address, kind = reading.waiting.popleft()
            path = f"#{reading.seen[address]}" if address != root else ""
            fields += self._walk(reading, address, Structure(kind), path, own=address == root)
        return ObjectState(name, tuple(fields))

    def root_of(self, reference: str) -> int:
        """Address of the root of an object."""
        self._pages.clear()
        entry, index = self._types.layout("objects::GlobalEntry"), int(reference[1:].partition(".")[0])
        assert entry is not None
        return self.number_in(GLOBAL_TABLE_BASE + index * entry.size, entry.name, "root")

    def number_in(self, address: int, class_name: str, field_name: str) -> int:
        """The first word of a field of a structure."""
        self._pages.clear()
        layout = self._types.layout(class_name)
        assert layout is not None
        offset = next(member.offset for member in layout.members if member.name == field_name)
        return self._number(address + offset, 8)

    def write(self, place: Field, value: int) -> None:
        """Another value for a field."""
        physical = self._machine.cpus[0].translate(place.address)
        assert physical is not None
        self._machine.hardware.memory.write(physical, value.to_bytes(place.size, "big"))

    def _walk(self, reading: _Reading, address: int, kind: Type, path: str, *, own: bool) -> Iterator[Field]:
        match kind:
            case Scalar(size):
                yield Field(path, self._number(address, size), address, size, "", own)
            case Pointer(target, size):
                value = self._pointed(reading, self._number(address, size), target)
                yield Field(path, value, address, size, target, own)
            case Array(element, count):
                size = self._types.size(element)
                for index in range(count):
                    yield from self._walk(
                        reading, address + index * size, element, f"{path}[{index}]", own=own
                    )
            case Structure(name):
                layout = self._types.layout(name)
                assert layout is not None, f"nothing is known of {name}"
                own = own and not NO_STATE.match(name)
                for member in layout.members:
                    inside = path if member.name.startswith("<") else f"{path}.{member.name}".lstrip(".")
                    state = own and not SCRATCH.search(inside)
                    yield from self._walk(reading, address + member.offset, member.type, inside, own=state)

    def _pointed(self, reading: _Reading, value: int, target: str) -> int | str:
        if value not in HEAP or not target or target in OTHERS or self._types.layout(target) is None:
            return value
        return f"#{reading.number(value, target)}"

    def _class_of(self, root: int) -> str:
        """Its virtual table knows."""
        name = self._machine.symbols.locate_symbol(self._number(root, 8)).symbol
        assert name.startswith(_VIRTUAL_TABLE), name
        return name.removeprefix(_VIRTUAL_TABLE)

    def _number(self, address: int, size: int) -> int:
        page, offset = address - address % PAGE_SIZE, address % PAGE_SIZE
        if page not in self._pages:
            data = self._machine.cpus[0].read(page, PAGE_SIZE)
            assert data is not None, f"{address:#x} is not mapped"
            self._pages[page] = data
        return int.from_bytes(self._pages[page][offset : offset + size], "big")
