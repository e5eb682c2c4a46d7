"""Machines under the job mix, and runs of one from the same instruction on: with an update, and without."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from emulator.abi.loader import ConversionMode
from emulator.bench.installed import kernel, modules, session
from emulator.bench.point_log import Kind, PointLog, PointRecord
from emulator.bench.transition import Transition, points, read_transition
from emulator.bench.waits import read_waits
from emulator.devices.disk import DiskConfig
from emulator.devices.mailbox import GuestEvent
from emulator.errors import GuestError
from emulator.machine import StopReason
from emulator.monitor import UpdateRecord
from emulator.scenario.steps import Start
from emulator.system import Machine
from emulator.system_config import SystemConfig
from emulator.workload import JOB_MIX

MILLISECOND: Final = 1_000_000
CLIENTS: Final = 8
RAM_DISK: Final = DiskConfig(latency_ns=1_000, block_ns=250)
"""The reference ran its benchmark in one, so that the operating system is measured and not the disk."""
SHORT_TURN: Final = 1_000
"""Instructions that a CPU executes before the other one has its turn. With the usual 20,000 a CPU that waits
for a spin lock does so for up to 20 us, in all 4 % of what the job mix executes, and both idle twice as much;
with these it is below 1 %, as it should be of two CPUs that run at the same time."""
WARM_NS: Final = 10 * MILLISECOND
_KEPT_FILES: Final = Path(__file__).parent / "guest" / "kept_files"
_CLIENT: Final = "client"
_LIMIT_NS: Final = 500 * MILLISECOND


@dataclass(frozen=True)
class Load:
    """What a machine is loaded with; two CPUs, round robin."""

    seed: int
    """Of the workload."""
    clients: int = CLIENTS
    kept_files: int = 0
    """Besides, each of eight threads holds so many files open and reads them all the time."""
    disk: DiskConfig = RAM_DISK
    turn: int = SHORT_TURN


@dataclass(frozen=True)
class Change:
    """An update that is applied: its modules in their order."""

    modules: Sequence[Path]
    mode: ConversionMode = ConversionMode.AUTO
    pause_ns: int = 0
    """From the moment at which a module is asked for to the next one, if that is not longer under way."""


@dataclass(frozen=True)
class Run:
    """A span of a loaded machine. Times are virtual ns from its start."""

    span_ns: int
    jobs: Sequence[int]
    """When each job of the mix ended, ascending."""
    turns: Sequence[tuple[int, int]]
    """From when to when a client of the mix ran on a CPU."""
    forwarded: Sequence[int]
    """When each call passed an adaptor that only handed it on."""
    waits: Sequence[int]
    """How long each call waited for the update."""
    transitions: Sequence[Transition]
    """Of each module that was applied."""
    events: Sequence[GuestEvent]
    """What the guest told meanwhile; their times are the machine's."""
    start_ns: int
    converted: bool = True
    """The update is in service, and no instance is left that is to be converted."""

    def jobs_between(self, begin_ns: int, end_ns: int) -> int:
        """That ended at or after the one and before the other."""
        return sum(begin_ns <= each < end_ns for each in self.jobs)

    def client_ns(self, begin_ns: int, end_ns: int) -> int:
        """CPU time that the mix's clients had between the two, all CPUs together."""
        return sum(max(0, min(end, end_ns) - max(begin, begin_ns)) for begin, end in self.turns)


class LoadedMachine:
    """Use it in a ``with``: booted, loaded and warm. What it does raises GuestError when the guest fails."""

    def __init__(self, load: Load) -> None:
        config = SystemConfig(cpus=2, seed=load.seed, disk=load.disk, quantum=load.turn, kernel=kernel().path)
        self.machine = Machine(config)
        try:
            self._prepare(load)
        except BaseException:
            self.machine.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.machine.close()

    def _prepare(self, load: Load) -> None:
        self.machine.run_until_ready()
        loading = session(self.machine, load.seed)
        if load.kept_files:
            for module in modules(str(_KEPT_FILES)):
                self.machine.monitor.apply(module)
            self.machine.monitor.commands.run("keep-files", str(load.kept_files))
        loading.do(Start(workload=JOB_MIX, clients=load.clients))
        self.machine.run_for(WARM_NS)
        threads = self.machine.monitor.threads()
        self._clients = frozenset(each.id for each in threads if each.name == _CLIENT)
        self._points = points(self.machine)

    def compare(self, span_ns: int, changes: Sequence[Change]) -> tuple[Run, list[Run]]:
        """The next span without any change, and beside it with each of them; the machine goes on without.

        All are longer, equally, where the last conversion comes later.
        """
        start = self.machine.save()
        changed: list[Run] = []
        while len(changed) < len(changes):
            run = self.run(span_ns, changes[len(changed)])
            self.machine.restore(start)
            if run.converted:
                changed.append(run)
            elif span_ns < _LIMIT_NS:
                span_ns, changed = span_ns * 3 // 2, []
            else:
                raise GuestError(f"{span_ns} ns were not enough to convert all instances")
        return self.run(span_ns), changed

    def run(self, span_ns: int, change: Change | None = None) -> Run:
        """The next span, at whose start the update is asked for."""
        start, mailbox = self.machine.virtual_ns, self.machine.devices.mailbox
        told = mailbox.events_total
        with PointLog(self.machine, self._points, threads=True) as log:
            applied = [] if change is None else self._apply(change)
            late = self.machine.virtual_ns > start + span_ns
            self._run_until(start + span_ns)
            records = log.records()
        left = applied and any(each.unconverted for each in self.machine.monitor.updates())
        events = mailbox.events_since(told)
        return Run(
            span_ns,
            sorted(each.time_ns - start for each in records if self._ends_job(each)),
            list(self._turns(records, start)),
            sorted(each.time_ns - start for each in records if each.name == "forwarded"),
            read_waits(records),
            list(_transitions(records, events, applied, start)),
            events,
            start,
            not late and not left,
        )

    def _apply(self, change: Change) -> list[tuple[int, UpdateRecord]]:
        """When each module was asked for, and what came of it."""
        applied: list[tuple[int, UpdateRecord]] = []
        for module in change.modules:
            if applied:
                self._run_until(applied[-1][0] + change.pause_ns)
            asked = self.machine.virtual_ns
            applied.append((asked, self.machine.monitor.apply(module, limit_ns=_LIMIT_NS, mode=change.mode)))
        return applied

    def _run_until(self, time_ns: int) -> None:
        stop = self.machine.run_for(max(0, time_ns - self.machine.virtual_ns))
        if stop.reason is not StopReason.DEADLINE:
            raise GuestError(f"the loaded machine ended: {stop.reason.value} {stop.message}".rstrip())

    def _ends_job(self, record: PointRecord) -> bool:
        return record.name == "pass" and record.thread in self._clients

    def _turns(self, records: Sequence[PointRecord], start: int) -> Iterator[tuple[int, int]]:
        """Between two switches of a CPU; what runs before the first and after the last is not told."""
        switched: dict[int, PointRecord] = {}
        for each in records:
            if each.kind is not Kind.THREAD:
                continue
            before = switched.get(each.cpu)
            if before is not None and before.thread in self._clients:
                yield before.time_ns - start, each.time_ns - start
            switched[each.cpu] = each


def _transitions(
    records: Sequence[PointRecord],
    events: Sequence[GuestEvent],
    applied: Sequence[tuple[int, UpdateRecord]],
    start: int,
) -> Iterator[Transition]:
    begins = [asked for asked, _ in applied]
    for (asked, update), end in zip(applied, [*begins[1:], sys.maxsize], strict=False):
        own = [each for each in records if asked <= each.time_ns < end]
        yield read_transition(own, events, update, asked, start)
