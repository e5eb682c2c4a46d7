"""Turns what is seen of a machine into a timeline, piece by piece while it runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from emulator.abi.memory_map import LOCAL_TABLE_BASE
from emulator.bench.code_points import find_calls, instructions_of
from emulator.bench.point_log import Base, Kind, PointLog, PointRecord, Read
from emulator.errors import EngineError
from emulator.scenario.steps import Restore
from emulator.trace.cpus import CpuRow, Exceptions
from emulator.trace.guest_names import ThreadNames, first_text
from emulator.trace.updates import Updates

if TYPE_CHECKING:
    from emulator.scenario.result import StepResult
    from emulator.system import Machine
    from emulator.trace.timeline import Arguments, Row, Timeline

_CPUS: Final = 1
_SCENARIO: Final = 2
_CONVERSIONS: Final = 3
_SWITCH: Final = "switch"
_ADOPT: Final = "adopt"
_RETURN: Final = "return from exception"
_LEAVE_PROGRAM: Final = "leave program"
_JOB: Final = "job"
_CONVERTED: Final = "converted"
_TABLE_ENTRY_BYTES: Final = 16


class Recorder:
    """Of one machine."""

    def __init__(self, machine: Machine, timeline: Timeline) -> None:
        """Raises UsageError when the kernel has not the functions that are to be watched."""
        self._machine = machine
        self._timeline = timeline
        self._thread_names = ThreadNames(machine)
        self._arriving: dict[int, str] = {}
        """By CPU, the name of the thread that is about to run there."""
        self._jobs = [0 for _ in machine.cpus]
        self._steps = timeline.row(timeline.group(_SCENARIO, "scenario"), "steps")
        timeline.group(_CPUS, "CPUs")
        exceptions = Exceptions()
        self._cpus = [
            CpuRow(timeline, timeline.row(_CPUS, f"CPU {cpu.id}"), exceptions) for cpu in machine.cpus
        ]
        self._classes: dict[str, Row] = {}
        self._updates = Updates(timeline)
        self._events = machine.devices.mailbox.events_total
        self._log = self._points()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Writes the timeline of what the machine does meanwhile, and ends it."""
        hardware = self._machine.hardware
        with self._log:
            hardware.on_pause = self._drain
            try:
                yield
            finally:
                hardware.on_pause = _nothing
            self._drain()
        self._updates.close(self._machine.virtual_ns)
        self._timeline.close(max(self._machine.virtual_ns, *(cpu.time for cpu in self._machine.cpus)))

    def note_step(self, result: StepResult) -> None:
        """A step is over."""
        restored = result.do == Restore.do
        if restored:
            self._go_on_from_restored()
        self._drain()
        name = result.do if result.ok else f"{result.do} failed"
        told: Arguments = {"text": result.text.partition("\n")[0], "line": result.line}
        if result.duration_ns and not restored:
            self._timeline.begin(self._steps, result.start_ns, name, told)
            self._timeline.end(self._steps, result.end_ns)
        else:
            self._timeline.instant(self._steps, result.end_ns, name, told)

    def _points(self) -> PointLog:
        machine, threads = self._machine, self._thread_names
        ends = [each.address for each in instructions_of(machine, "exception_return") if each.text == "rfid"]
        points: dict[str, int | Sequence[int]] = {
            _SWITCH: machine.symbols.entry("arch::switch_to"),
            _ADOPT: machine.symbols.entry("arch::adopt_current"),
            _RETURN: ends,
            _LEAVE_PROGRAM: machine.symbols.entry("leave_problem_state"),
            _JOB: self._ends_of_jobs(),
            _CONVERTED: machine.symbols.entry("objects::change_class"),
        }
        reads = {
            _SWITCH: threads.in_context(Base.R4),
            _ADOPT: threads.in_context(Base.R3),
            _CONVERTED: Read(Base.R4, through=True),  # a class' descriptor begins with its name
        }
        return PointLog(machine, points, reads=reads, exceptions=True, threads=True)

    def _ends_of_jobs(self) -> list[int]:
        """Where the clock is read when a job has ended: the compiler puts that where it likes."""
        functions = [f"workload::Workload::{name}" for name in ("go_on", "work", "count")]
        return [place for each in functions for place in find_calls(self._machine, each, "kernel::now_ns")]

    def _go_on_from_restored(self) -> None:
        """What happened before the checkpoint is not in the timeline."""
        self._events = self._machine.devices.mailbox.events_total
        for cpu, row in zip(self._machine.cpus, self._cpus, strict=True):
            row.run(cpu.thread, self._thread_names.running(self._machine, cpu.id), cpu.time)

    def _drain(self) -> None:
        for record in self._log.take():
            self._take(record)
        mailbox = self._machine.devices.mailbox
        events = mailbox.events_since(self._events)
        if len(events) != mailbox.events_total - self._events:
            raise EngineError("the guest told of more at once than is kept: the timeline would have gaps")
        self._events = mailbox.events_total
        for event in events:
            self._updates.take(event)

    def _take(self, record: PointRecord) -> None:
        row = self._cpus[record.cpu]
        if record.kind is Kind.THREAD:
            row.run(record.thread, self._arriving.pop(record.cpu, ""), record.time_ns)
        elif record.kind is Kind.EXCEPTION:
            row.enter_exception(record)
        elif record.name in (_SWITCH, _ADOPT):
            self._arriving[record.cpu] = first_text(record.memory)
        elif record.name in (_RETURN, _LEAVE_PROGRAM):
            row.leave_exception(record)
        elif record.name == _JOB:
            self._job_done(record)
        else:
            self._converted(record)

    def _job_done(self, record: PointRecord) -> None:
        self._jobs[record.cpu] += 1
        cpu, done = f"CPU {record.cpu}", self._jobs[record.cpu]
        self._timeline.counter(_CPUS, record.time_ns, "jobs done", cpu, done)

    def _converted(self, record: PointRecord) -> None:
        """``objects::change_class(reference, from, to)``."""
        name = first_text(record.memory)
        entry = (record.r3 - LOCAL_TABLE_BASE) // _TABLE_ENTRY_BYTES
        told = {"table entry": entry, "CPU": record.cpu, "thread": record.thread}
        self._timeline.instant(self._class_row(name), record.time_ns, f"converted {name}", told)

    def _class_row(self, name: str) -> Row:
        if not self._classes:
            self._timeline.group(_CONVERSIONS, "converted instances")
        if name not in self._classes:
            self._classes[name] = self._timeline.row(_CONVERSIONS, name)
        return self._classes[name]


def _nothing() -> None:
    """What a pause is used for when nobody traces."""
