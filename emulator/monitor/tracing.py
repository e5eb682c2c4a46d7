"""The guest's trace points and what they wrote."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from emulator.abi.mailbox import Operation
from emulator.abi.values import Value, integer, items, text

if TYPE_CHECKING:
    from emulator.monitor.requests import Requests


@dataclass(frozen=True)
class TracePoint:
    """A place in the guest's code that notes when it is passed, once it is switched on."""

    id: int
    """Given when it was registered, and never again."""
    name: str
    on: bool
    records: int
    """Made so far."""
    module: int
    """Id of the module that brought it, 0 for the kernel."""

    @classmethod
    def of(cls, value: Value) -> TracePoint:
        """From one row of the reply."""
        point, name, on, records, module = items(value)
        return cls(integer(point), text(name), bool(integer(on)), integer(records), integer(module))


@dataclass(frozen=True)
class TraceRecord:
    """A trace point was passed."""

    time_ns: int
    cpu: int
    thread: int
    point: int
    name: str
    """Empty when the point has gone since and there was no memory to keep its name."""
    first: int
    second: int

    @classmethod
    def of(cls, value: Value) -> TraceRecord:
        """From one row of the reply."""
        time, cpu, thread, point, name, first, second = items(value)
        return cls(
            integer(time),
            integer(cpu),
            integer(thread),
            integer(point),
            text(name),
            integer(first),
            integer(second),
        )


@dataclass(frozen=True)
class TraceReading:
    """What was in the guest's trace logs."""

    records: list[TraceRecord]
    """In the order of time; of one moment by CPU."""
    lost: int
    """Older ones that had to make way, since the last reading."""


class Tracing:
    """Requests about the guest's trace points. Raises GuestError."""

    def __init__(self, requests: Requests) -> None:
        self._requests = requests

    def points(self) -> list[TracePoint]:
        """Those that there are now, by identifier."""
        found = [TracePoint.of(row) for row in self._requests.ask(Operation.TRACE_POINTS)]
        return sorted(found, key=lambda point: point.id)

    def switch(self, name: str, *, on: bool) -> None:
        """Switches the points of that name."""
        self._requests.ask(Operation.TRACE_SWITCH, name, int(on), what=f"trace {name}")

    def read(self) -> TraceReading:
        """Takes the records out of the guest's logs."""
        lost, *rows = self._requests.ask(Operation.TRACE_READ)
        records = sorted((TraceRecord.of(row) for row in rows), key=lambda record: record.time_ns)
        return TraceReading(records, integer(lost))
