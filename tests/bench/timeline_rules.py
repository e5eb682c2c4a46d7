"""What a timeline must keep to for Perfetto to show all of it, and its contents by name."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

Event = dict[str, Any]
Place = tuple[str, str]
"""Names of group and row."""


@dataclass
class Slice:
    name: str
    start: int
    end: int
    arguments: dict[str, Any]


@dataclass
class Contents:
    """Of a timeline that keeps to the rules."""

    slices: dict[Place, list[Slice]] = field(default_factory=lambda: defaultdict(list))
    """In the order of their beginning."""
    instants: dict[Place, list[Slice]] = field(default_factory=lambda: defaultdict(list))
    counters: dict[Place, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))

    def names(self, group: str, row: str) -> list[str]:
        return [each.name for each in self.slices[group, row]]


def read_timeline(path: Path) -> Contents:
    """Asserts the rules. Times are virtual ns."""
    document = json.loads(path.read_text(encoding="utf-8"))
    events: list[Event] = document["traceEvents"]
    groups = _names(events, "process_name", lambda event: event["pid"])
    rows = _names(events, "thread_name", lambda event: (event["pid"], event["tid"]))
    assert len({tid for _, tid in rows}) == len(rows), "a row's number is unique"
    contents = Contents()
    begun: dict[tuple[int, int], list[Slice]] = defaultdict(list)
    reached: dict[Any, int] = defaultdict(int)
    for event in events:
        if event["ph"] == "M":
            continue
        event["ts"] = round(event["ts"] * 1000)
        assert event["ts"] >= 0
        group = groups[event["pid"]]
        if event["ph"] == "C":
            ((what, value),) = event["args"].items()
            counter = group, f"{event['name']} {what}"
            assert event["ts"] >= reached[counter]
            reached[counter] = event["ts"]
            contents.counters[counter].append((event["ts"], value))
            continue
        key = event["pid"], event["tid"]
        place = group, rows[key]
        _take(event, begun[key], contents, place)
        if event["ph"] in "BE":
            assert event["ts"] >= reached[key], f"{place}: {event}"
            reached[key] = event["ts"]
    assert not any(begun.values()), "a slice does not end"
    for slices in contents.slices.values():
        slices.sort(key=lambda each: (each.start, -each.end))
    return contents


def _take(event: Event, begun: list[Slice], contents: Contents, place: Place) -> None:
    match event["ph"]:
        case "B":
            begun.append(Slice(event["name"], event["ts"], -1, event.get("args", {})))
            contents.slices[place].append(begun[-1])
        case "E":
            begun.pop().end = event["ts"]
        case "i":
            assert event["s"] == "t"
            moment = Slice(event["name"], event["ts"], event["ts"], event.get("args", {}))
            contents.instants[place].append(moment)
        case other:
            raise AssertionError(f"phase {other}")


def assert_disjoint(slices: list[Slice]) -> None:
    """They follow each other."""
    assert all(before.end <= after.start for before, after in pairwise(slices))


def _names(events: list[Event], what: str, key: Any) -> dict[Any, str]:  # noqa: ANN401
    named = [event for event in events if event["ph"] == "M" and event["name"] == what]
    found = {key(event): event["args"]["name"] for event in named}
    assert len(found) == len(named), f"{what} is told twice of one"
    return found
