"""The steps of one update of a class, as the guest executes them, to the instruction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from emulator.bench.code_points import returns_of
from emulator.bench.point_log import PointLog
from emulator.bench.spans import spans
from emulator.errors import GuestError
from emulator.monitor.records import UpdateRecord
from emulator.system import Machine

_FACTORY: Final = "objects::Transition::swap_factory"
_MARKING: Final = "objects::mark_home"
_IN_FORCE: Final = "objects::put_marks_in_force"
_STEPS: Final = (_FACTORY, _MARKING, _IN_FORCE)


@dataclass(frozen=True)
class UpdateSteps:
    """What each took."""

    factory_ns: int
    """Virtual time until the new factory was in service."""
    marking: Sequence[int]
    """Instructions of each CPU, interrupts that came meanwhile included."""
    marking_ns: int
    """Virtual time from the first CPU's begin to the last one's end."""
    quiescence_ns: int
    """Virtual time until nobody was left who had called before the marks were set."""
    conversions: int
    """Instructions of all CPUs from there to the end, for an eager update of a machine with no other work."""


class StepWatch:
    """Watches a machine in a ``with`` while one update is applied."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._log = PointLog(machine, {name: points for step in _STEPS for name, points in self._ends(step)})
        self._marked_at: int | None = None

    def _ends(self, function: str) -> list[tuple[str, list[int]]]:
        ends = returns_of(self._machine, function)
        return [(function, [self._machine.symbols.entry(function)]), (_end(function), ends)]

    def __enter__(self) -> Self:
        self._log.__enter__()
        self._machine.monitor.watch_updates(self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._machine.monitor.watch_updates(None)
        self._log.__exit__(kind, error, trace)

    def steps(self) -> UpdateSteps:
        """Of the update that has become active meanwhile. Raises GuestError when none has got so far."""
        records = self._log.records()
        found = {step: spans(records, step, _end(step)) for step in _STEPS}
        if self._marked_at is None or not all(found.values()):
            raise GuestError("no update of a class was applied while its steps were watched")
        marking = found[_MARKING]
        return UpdateSteps(
            sum(end.time_ns - begin.time_ns for begin, end in found[_FACTORY]),
            [end.instructions - begin.instructions for begin, end in marking],
            max(end.time_ns for _, end in marking) - min(begin.time_ns for begin, _ in marking),
            sum(end.time_ns - begin.time_ns for begin, end in found[_IN_FORCE]),
            self._executed() - self._marked_at,
        )

    def _note(self, record: UpdateRecord) -> None:
        """The guest tells of its progress when all is marked; the machine stands still at that event."""
        if self._marked_at is None and record.marked:
            self._marked_at = self._executed()

    def _executed(self) -> int:
        return sum(cpu.instructions for cpu in self._machine.cpus)


def _end(function: str) -> str:
    return f"{function} ends"
