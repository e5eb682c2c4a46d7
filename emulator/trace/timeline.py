"""A timeline in Chrome's trace format, written as it comes: https://ui.perfetto.dev opens it.

One object with ``traceEvents``, an event a line. Times are virtual ns here and microseconds there. What
begins and ends in a row is in order and balanced; rows are not in order among each other. Slices are written
as their beginning and end, never as beginning and length: the sum of two rounded times may overlap the next.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

Arguments: TypeAlias = Mapping[str, "str | int"]

_ROWS_OF_A_GROUP: Final = 10_000
"""Perfetto takes a row's number for one of the whole system: those of different groups differ."""
_NS: Final = 1000
"""In a microsecond."""
_NONE: Final[Arguments] = {}


@dataclass(frozen=True)
class Row:
    """Where slices lie side by side, one below another only when it is within it."""

    group: int
    number: int
    """Unique in the timeline, and no group's number."""


_Key: TypeAlias = "Row | tuple[int, str, str]"
"""A row, or a counter."""


class Timeline:
    """Writes events. Of a row no slice may overlap another in part."""

    def __init__(self, write: Callable[[str], object]) -> None:
        """``write`` takes text."""
        self._write = write
        self._rows: dict[int, int] = {}
        self._open: dict[Row, int] = {}
        self._reached: dict[_Key, int] = {}
        self.events = 0
        """Written so far, names of groups and rows too."""
        write('{"traceEvents":[')  # no displayTimeUnit: some importers take it for the unit of the times

    def group(self, number: int, name: str) -> int:
        """Rows that are shown together, in the order of the groups' numbers, which are 1 and more."""
        self._name(number, None, "process_name", {"name": name})
        self._name(number, None, "process_sort_index", {"sort_index": number})
        return number

    def row(self, group: int, name: str) -> Row:
        """A new one, below those that the group has."""
        count = self._rows[group] = self._rows.get(group, 0) + 1
        row = Row(group, group * _ROWS_OF_A_GROUP + count)
        self._name(group, row, "thread_name", {"name": name})
        self._name(group, row, "thread_sort_index", {"sort_index": count})
        return row

    def begin(self, row: Row, time_ns: int, name: str, arguments: Arguments = _NONE) -> None:
        """A slice, within the one that is open there; it begins at the row's last event at the earliest."""
        self._open[row] = self._open.get(row, 0) + 1
        self._event("B", row, self._advance(row, time_ns), name, arguments)

    def end(self, row: Row, time_ns: int) -> None:
        """The innermost slice that is open there."""
        assert self._open.get(row), "a slice ends that has not begun"
        self._open[row] -= 1
        self._event("E", row, self._advance(row, time_ns))

    def instant(self, row: Row, time_ns: int, name: str, arguments: Arguments = _NONE) -> None:
        """A moment."""
        self._event("i", row, time_ns, name, arguments)

    def counter(self, group: int, time_ns: int, name: str, what: str, value: int) -> None:
        """The value from this time on; it is shown as ``name what``."""
        reached = self._advance((group, name, what), time_ns)
        self._put({"ph": "C", "pid": group, "ts": reached / _NS, "name": name, "args": {what: value}})

    def close(self, time_ns: int) -> None:
        """Ends what is open, and the file."""
        for row, depth in self._open.items():
            for _ in range(depth):
                self._event("E", row, self._advance(row, time_ns))
        self._write("\n]}\n")

    def _advance(self, key: _Key, time_ns: int) -> int:
        """CPUs tell in the order in which they did things, each by its own time: one may be behind."""
        reached = self._reached[key] = max(time_ns, self._reached.get(key, 0))
        return reached

    def _name(self, group: int, row: Row | None, what: str, arguments: Arguments) -> None:
        where = {} if row is None else {"tid": row.number}
        self._put({"ph": "M", "pid": group, **where, "name": what, "args": arguments})

    def _event(
        self,
        phase: str,
        row: Row,
        time_ns: int,
        name: str = "",
        arguments: Arguments = _NONE,
    ) -> None:
        event: dict[str, Any] = {"ph": phase, "pid": row.group, "tid": row.number, "ts": time_ns / _NS}
        if phase == "i":
            event["s"] = "t"  # drawn in its row only
        if name:
            event["name"] = name
        if arguments:
            event["args"] = arguments
        self._put(event)

    def _put(self, event: Mapping[str, Any]) -> None:
        text = json.dumps(event, separators=(",", ":"), ensure_ascii=False)
        self._write(f"{',' if self.events else ''}\n{text}")
        self.events += 1
