"""The longest times without interrupts, without preemption, without a job ended, and of a call that waited.

The engine times, to the instruction, what lies between two addresses while somebody watches. The run is the
one that nobody watched, with the same state hash and schedule digest, only slower for the host::

    with StretchWatch(machine) as watch:
        session.do(...)
        watch.report().longest_interrupts_off
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from types import TracebackType
from typing import Final, Self

from emulator.bench.code_points import calls_of
from emulator.cpu.binding import StretchPointStruct, StretchRole, StretchStruct
from emulator.monitor.code import INSTRUCTION_SIZE
from emulator.system import Machine


class _Kind(IntEnum):
    """The kinds of stretches that are watched, by the engine's number."""

    PREEMPTION_OFF = 0
    BLOCKED = 1
    CONVERTING = 2


_HEARTBEAT: Final = "kernel::OuterLoop::pass"
"""Called between two jobs of a workload's client, and between two rounds of a service."""
_BLOCKING: Final = (
    ("objects::Mediator::admit", "kernel::WaitQueue::wait_as"),
    ("objects::TranslationTable::target_on_this_cpu", "objects::wait_while_converting"),
)
"""Where a call waits for a swap or a conversion: the function, and what it calls to wait."""
_CONVERTING: Final = (("objects::TranslationTable::target_on_this_cpu", "objects::meet_marked"),)
"""Where a call that meets a mark converts its object, or is let into the old one."""


@dataclass(frozen=True)
class Longest:
    """The longest of one kind of stretch."""

    count: int
    """How many ended while they were watched."""
    ns: int
    """0 when none ended."""
    place: str
    """Where it began."""
    end: str

    def __str__(self) -> str:
        return f"{self.ns:,} ns from {self.place} to {self.end}" if self.count else "none"


@dataclass(frozen=True)
class StretchReport:
    """What was seen since the watch began."""

    gaps: tuple[Longest, ...]
    """By CPU: between two quiescent points that threads passed there, when a job or a round had ended."""
    interrupts_off: tuple[Longest, ...]
    """By CPU, in its instructions; what an exception's entry and handler run counts."""
    preemption_off: Longest
    """Between preempt_disable and preempt_enable; interrupts that are taken meanwhile count."""
    blocked: Longest
    """Calls that waited for a swap, or for a conversion by another caller."""
    converting: Longest
    """Calls that met a mark, until they went on."""

    @property
    def longest_interrupts_off(self) -> int:
        """On any CPU, in instructions."""
        return max(each.ns for each in self.interrupts_off)

    @property
    def longest_wait(self) -> int:
        """The longest time that any call was kept waiting by an update."""
        return max(self.blocked.ns, self.converting.ns)


class StretchWatch:
    """Watches a machine in a ``with``, from a kernel that is ready on."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def __enter__(self) -> Self:
        self.restart()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._machine.hardware.engine.unwatch_stretches()

    def restart(self) -> None:
        """With all figures zero."""
        self._machine.hardware.engine.watch_stretches(list(self._points()))

    def report(self) -> StretchReport:
        """Up to now."""
        engine = self._machine.hardware.engine
        return StretchReport(
            tuple(self._longest(engine.gap(cpu.id)) for cpu in self._machine.cpus),
            tuple(self._longest(engine.interrupts_off(cpu.id)) for cpu in self._machine.cpus),
            self._longest(engine.stretch(_Kind.PREEMPTION_OFF)),
            self._longest(engine.stretch(_Kind.BLOCKED)),
            self._longest(engine.stretch(_Kind.CONVERTING)),
        )

    def _longest(self, figures: StretchStruct) -> Longest:
        place, end = (self._name(each) if figures.count else "" for each in (figures.place, figures.end))
        return Longest(figures.count, figures.longest, place, end)

    def _name(self, address: int) -> str:
        return str(self._machine.symbols.locate_symbol(address))

    def _points(self) -> Iterator[StretchPointStruct]:
        off, on = (
            self._machine.symbols.entry("kernel::preempt_disable"),
            self._machine.symbols.entry("kernel::preempt_enable"),
        )
        yield StretchPointStruct(off, _Kind.PREEMPTION_OFF, StretchRole.BEGINS)
        yield StretchPointStruct(on, _Kind.PREEMPTION_OFF, StretchRole.ENDS)
        yield StretchPointStruct(self._machine.symbols.entry(_HEARTBEAT), 0, StretchRole.BEAT)
        for kind, calls in ((_Kind.BLOCKED, _BLOCKING), (_Kind.CONVERTING, _CONVERTING)):
            for function, callee in calls:
                yield from self._calls(kind, function, callee)

    def _calls(self, kind: _Kind, function: str, callee: str) -> Iterator[StretchPointStruct]:
        """From each call of the one in the other to its return."""
        for address in calls_of(self._machine, function, callee):
            yield StretchPointStruct(address, kind, StretchRole.BEGINS)
            yield StretchPointStruct(address + INSTRUCTION_SIZE, kind, StretchRole.ENDS)
