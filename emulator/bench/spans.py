"""What lies between two points of a log."""

from __future__ import annotations

from collections.abc import Sequence

from emulator.bench.point_log import PointRecord


def spans(records: Sequence[PointRecord], begin: str, end: str) -> list[tuple[PointRecord, PointRecord]]:
    """Each record of the one point and the same thread's next of the other, in the order of their ends."""
    begun: dict[int, PointRecord] = {}
    found: list[tuple[PointRecord, PointRecord]] = []
    for record in records:
        if record.name == begin:
            begun[record.thread] = record
        elif record.name == end and record.thread in begun:
            found.append((begun.pop(record.thread), record))
    return found


def durations(records: Sequence[PointRecord], begin: str, end: str) -> list[int]:
    """Virtual ns of each of them."""
    # A thread that was moved may find its new CPU's time behind that of the old one.
    return [max(0, last.time_ns - first.time_ns) for first, last in spans(records, begin, end)]
