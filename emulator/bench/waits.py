"""How long calls waited for an update, from the log of a run."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from emulator.bench.code_points import calls_of
from emulator.bench.point_log import PointRecord
from emulator.bench.spans import durations
from emulator.monitor.code import INSTRUCTION_SIZE
from emulator.system import Machine

_TARGET: Final = "objects::TranslationTable::target_on_this_cpu"
_WAITING: Final = (
    ("objects::Mediator::admit", "kernel::WaitQueue::wait_as"),
    (_TARGET, "objects::wait_while_converting"),
    (_TARGET, "objects::meet_marked"),
)
"""Where a call waits for a swap, for a conversion by another caller, or until its own has been made: the
function, and what it calls to wait."""
_BEGINS: Final = "wait"
_ENDS: Final = "waited"

BIN_EDGES_US: Final = (2, 5, 10, 20, 50, 100, 200, 500)
"""Of a distribution, microseconds."""


def wait_points(machine: Machine) -> dict[str, list[int]]:
    """What a log must have for ``read_waits``."""
    calls = [call for function, callee in _WAITING for call in calls_of(machine, function, callee)]
    return {_BEGINS: calls, _ENDS: [call + INSTRUCTION_SIZE for call in calls]}


def read_waits(records: Sequence[PointRecord]) -> list[int]:
    """Virtual ns of each wait that ended, in the order of the ends."""
    return durations(records, _BEGINS, _ENDS)


def bin_names() -> list[str]:
    """Of the bins that ``distribution`` counts in, microseconds."""
    between = [f"{low}-{high}" for low, high in pairwise(BIN_EDGES_US)]
    return [f"< {BIN_EDGES_US[0]}", *between, f"{BIN_EDGES_US[-1]}-"]


def distribution(waits: Sequence[int]) -> list[int]:
    """How many of the waits, in ns, fall into each bin."""
    counts = [0] * (len(BIN_EDGES_US) + 1)
    for each in waits:
        counts[sum(each >= edge * 1_000 for edge in BIN_EDGES_US)] += 1
    return counts
