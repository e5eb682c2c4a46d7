"""What happened in swaps and updates, as the guest's events tell it. Times are virtual ns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Final

from emulator.abi.values import Value, integer, items, text
from emulator.errors import GuestError

RUNNING: Final = "running"
COMPLETED: Final = "completed"


@dataclass(frozen=True)
class PhaseRecord:
    """When one CPU was in one phase of a swap; of a phase that was repeated, the last time."""

    swap: int
    cpu: int
    name: str
    start_ns: int
    end_ns: int
    """0 when the swap was aborted in this phase."""


@dataclass(frozen=True)
class WorkloadSample:
    """How far a workload had come when a swap entered a phase; phase ``ended`` is after the clean-up."""

    phase: str
    time_ns: int
    name: str
    operations: int
    errors: int


@dataclass
class SwapRecord:
    """One hot-swap of one object."""

    id: int
    reference: str
    update: int
    """Id of the update that it belongs to, 0 for none."""
    old_class: str = ""
    new_class: str = ""
    phases: list[PhaseRecord] = field(default_factory=list)
    calls_forwarded: int = 0
    calls_blocked: int = 0
    blocked_ns_max: int = 0
    outcome: str = RUNNING
    """``running``, ``completed``, or the name of the Code that it failed with, in small letters."""
    workload: list[WorkloadSample] = field(default_factory=list)

    @property
    def running(self) -> bool:
        """Whether it is still under way."""
        return self.outcome == RUNNING

    @property
    def completed(self) -> bool:
        """Whether the new object is in service."""
        return self.outcome == COMPLETED


@dataclass(frozen=True)
class StalledThread:
    """A thread for which an update waited longer than its time limit, as it was then."""

    step: str
    time_ns: int
    thread: int
    name: str
    cpu: int
    generation: int
    reference: str
    """The object of the innermost call that an interposer tracks, empty when none does."""
    since_ns: int
    stack: tuple[int, ...]
    """Addresses, innermost first; empty for one that ran."""

    @classmethod
    def of(cls, step: str, time_ns: int, row: Sequence[Value], frames: Sequence[Value]) -> StalledThread:
        """From an event's values."""
        thread, name, cpu, generation, reference, since = row
        return cls(
            step,
            time_ns,
            integer(thread),
            text(name),
            integer(cpu),
            integer(generation),
            text(reference),
            integer(since),
            tuple(integer(items(frame)[1]) for frame in frames),
        )


@dataclass
class UpdateRecord:
    """One update, from the moment in which its module was linked."""

    name: str
    id: int = 0
    """The guest's, 0 before it was staged."""
    module: int = 0
    """Id of its module in the guest, 0 when it has none."""
    state: str = "linked"
    reason: str = ""
    """Name of the Code for which it was aborted, in small letters."""
    unconverted: int = 0
    failed: int = 0
    converted: int = 0
    marked: int = 0
    """Of the unconverted ones those that a call will convert; the others are not even marked yet."""
    text: str = ""
    """Why it failed, in words."""
    swaps: list[SwapRecord] = field(default_factory=list)
    stalled: list[StalledThread] = field(default_factory=list)
    """Who held it up beyond its time limit."""

    @property
    def active(self) -> bool:
        """Whether it is in service."""
        return self.state == "active"

    @property
    def phases(self) -> list[PhaseRecord]:
        """Of all its swaps, in the order of the swaps."""
        return [phase for swap in self.swaps for phase in swap.phases]

    @property
    def calls_forwarded(self) -> int:
        """Calls that mediators tracked on their way to the old objects."""
        return sum(swap.calls_forwarded for swap in self.swaps)

    @property
    def calls_blocked(self) -> int:
        """Calls that had to wait."""
        return sum(swap.calls_blocked for swap in self.swaps)

    @property
    def blocked_ns_max(self) -> int:
        """The longest that one call waited."""
        return max((swap.blocked_ns_max for swap in self.swaps), default=0)

    def to_dict(self) -> dict[str, object]:
        """As a run's JSON document shows it."""
        return {
            "id": self.id,
            "name": self.name,
            "module": self.module,
            "state": self.state,
            "reason": self.reason,
            "unconverted": self.unconverted,
            "failed": self.failed,
            "converted": self.converted,
            "marked": self.marked,
            "text": self.text,
            "phases": [asdict(phase) for phase in self.phases],
            "calls_forwarded": self.calls_forwarded,
            "calls_blocked": self.calls_blocked,
            "blocked_ns_max": self.blocked_ns_max,
            "swaps": [asdict(swap) for swap in self.swaps],
            "stalled": [asdict(thread) for thread in self.stalled],
        }


class SwapFailed(GuestError):
    """A swap that did not complete: the old object goes on. ``record`` says what happened."""

    def __init__(self, message: str, record: SwapRecord) -> None:
        super().__init__(message)
        self.record = record


class UpdateFailed(GuestError):
    """An update that the guest aborted: the old version goes on. ``record`` says what happened."""

    def __init__(self, message: str, record: UpdateRecord) -> None:
        super().__init__(message)
        self.record = record
