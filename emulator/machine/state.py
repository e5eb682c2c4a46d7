"""The whole state of a machine as plain data, and its portable encoding."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from emulator.abi.memory_map import PAGE_SIZE
from emulator.abi.values import MalformedValues, Value, blob, integer, items, pack_values, text, unpack_values
from emulator.errors import UsageError
from emulator.machine.device import Event

STATE_MAGIC: Final = b"evergreen-machine-state\n"
STATE_VERSION: Final = 1

RamPages = dict[int, bytes]
"""Contents of every page that is not all zero, by page number, in ascending order."""


@dataclass(frozen=True)
class MachineState:
    """Everything that the future of a run depends on. Equal states have equal futures, in any process."""

    memory_bytes: int
    ram: RamPages
    cpus: tuple[bytes, ...]
    """As :mod:`emulator.machine.cpu_state` encodes them."""
    machine: tuple[int, ...]
    """The engine's own words: time, slice in progress, generator, holds."""
    interrupts: tuple[int, ...]
    directives: tuple[tuple[int, ...], ...]
    """Of the schedule, not yet carried out."""
    policy: tuple[str, bytes]
    """Name and state."""
    digest: bytes
    """Progress of the schedule digest."""
    devices: tuple[tuple[str, bytes], ...]
    events: tuple[Event, ...]
    next_sequence: int

    def to_bytes(self) -> bytes:
        """Portable encoding, compressed; equal states give equal bytes."""
        body = zlib.compress(pack_values(self._values()), level=1)
        return STATE_MAGIC + STATE_VERSION.to_bytes(4, "big") + body

    @staticmethod
    def from_bytes(data: bytes) -> "MachineState":
        """Raises UsageError when ``data`` is no state, damaged, or of another version."""
        body = _body(data)
        try:
            return _from_values(unpack_values(zlib.decompress(body)))
        except (zlib.error, MalformedValues, ValueError, IndexError) as error:
            raise UsageError(f"the machine state is damaged: {error}") from None

    def _values(self) -> list[Value]:
        return [
            self.memory_bytes,
            [value for number, page in self.ram.items() for value in (number, page)],
            list(self.cpus),
            list(self.machine),
            list(self.interrupts),
            [list(directive) for directive in self.directives],
            list(self.policy),
            self.digest,
            [list(device) for device in self.devices],
            [
                [event.time, event.sequence, event.device, event.kind, list(event.values)]
                for event in self.events
            ],
            self.next_sequence,
        ]


def _body(data: bytes) -> bytes:
    if not data.startswith(STATE_MAGIC):
        raise UsageError("not a machine state")
    version = int.from_bytes(data[len(STATE_MAGIC) : len(STATE_MAGIC) + 4], "big")
    if version != STATE_VERSION:
        raise UsageError(f"a machine state of version {version}, this program reads version {STATE_VERSION}")
    return data[len(STATE_MAGIC) + 4 :]


def _from_values(values: Sequence[Value]) -> MachineState:
    pages = items(values[1])
    name, policy_state = items(values[6])
    return MachineState(
        integer(values[0]),
        {integer(number): _page(page) for number, page in zip(pages[::2], pages[1::2], strict=True)},
        tuple(blob(cpu) for cpu in items(values[2])),
        _integers(values[3]),
        _integers(values[4]),
        tuple(_integers(directive) for directive in items(values[5])),
        (text(name), blob(policy_state)),
        blob(values[7]),
        tuple(_device(device) for device in items(values[8])),
        tuple(_event(event) for event in items(values[9])),
        integer(values[10]),
    )


def _page(value: Value) -> bytes:
    page = blob(value)
    if len(page) != PAGE_SIZE:
        raise ValueError(f"a page of {len(page)} bytes")
    return page


def _integers(value: Value) -> tuple[int, ...]:
    return tuple(integer(item) for item in items(value))


def _device(value: Value) -> tuple[str, bytes]:
    name, state = items(value)
    return text(name), blob(state)


def _event(value: Value) -> Event:
    time, sequence, device, kind, values = items(value)
    return Event(integer(time), integer(sequence), text(device), integer(kind), _integers(values))
