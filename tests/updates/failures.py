"""Updates that are to fail under the job mix, each from one warm machine, and what must be left then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final, Self

import pytest
from _pytest.mark import ParameterSet

from emulator import Checkpoint, Machine
from emulator.abi.memory_map import PAGE_SIZE
from emulator.filesystem import Image, Tree, check
from emulator.machine import StopReason
from emulator.monitor import UpdateRecord
from emulator.monitor.replies import AdaptorInfo, Kept
from emulator.workload import JOB_MIX, read_kept_files
from tests.system.machines import kernel, ready_machine
from tests.updates.memory_left import MemoryInUse, expect_nothing_left
from toolchain.module import build_update
from toolchain.paths import installation

WARM_NS: Final = 2_000_000
AFTERWARDS_NS: Final = 1_000_000
"""How long the clients go on after an update has ended."""
IDLE_NS: Final = 20_000_000
"""Threads that are kept for the next conversion have ended by then."""
_LIMIT_NS: Final = 20_000_000_000


@dataclass(frozen=True)
class Subject:
    """An update, and the system that it comes to."""

    module: str
    folder: str = ""
    """Where it is not the module's name."""
    before: tuple[str, ...] = ("allocator_race",)
    """Modules that are there already."""
    load: tuple[str, ...] = (JOB_MIX,)
    kept: int = 3
    """Pages that the kernel keeps once it has needed them: slabs in which something lies that was made anew,
    tables of stacks, and references, of which there must be many when objects come and go and no generation
    passes."""

    cpus: int = 2
    after: str = ""
    """The module that must be taken back before this one can be."""

    def __str__(self) -> str:
        return self.module

    @property
    def sources(self) -> Path:
        """The update's folder."""
        return installation().updates / (self.folder or self.module)

    def build(self) -> bytes:
        """The module as it is shipped."""
        return shipped(self.module, self.folder)


_INTERFACE: Final = "page_allocator_interface"
FCM_UNMAP: Final = Subject("fcm_unmap")
FILE_SYNC: Final = Subject("file_sync")
PAGE_ALLOCATOR: Final = Subject(_INTERFACE)
CALLERS: Final = Subject(
    "page_allocator_callers", _INTERFACE, ("allocator_race", _INTERFACE), after=_INTERFACE
)
REGION: Final = Subject("partitioned_region")
RACE: Final = Subject("allocator_race", before=(), cpus=1)
"""While its old version is in service two CPUs could meet the race."""
COUNTER: Final = Subject("checked_counter", load=(JOB_MIX, "counters"), kept=200)
"""240 instances, which are made and destroyed meanwhile."""
CONVERTING: Final = (FCM_UNMAP, FILE_SYNC, COUNTER)
"""Those that convert instances, each by itself."""
SAMPLED: Final = frozenset({FILE_SYNC.module, CALLERS.module, COUNTER.module})
"""Stands for all: many operations under way, an adaptor, many instances."""
SUBJECTS: Final = (FCM_UNMAP, FILE_SYNC, PAGE_ALLOCATOR, CALLERS, REGION, RACE, COUNTER)


def sampled(subjects: Sequence[Subject]) -> list[Subject | ParameterSet]:
    """Parameters of a test: only the sample is run where not the whole matrix is."""
    return [
        subject if subject.module in SAMPLED else pytest.param(subject, marks=pytest.mark.matrix)
        for subject in subjects
    ]


@cache
def shipped(name: str, folder: str = "") -> bytes:
    """A module of a shipped update."""
    built = build_update(installation().updates / (folder or name), kernel())
    return next(each.path for each in built if each.metadata.name == name).read_bytes()


@dataclass(frozen=True)
class Standing:
    """What is in service, apart from what is remembered of updates."""

    versions: tuple[tuple[str, int, bool], ...]
    """Classes with a factory: name, version, whether the default of its kind."""
    modules: tuple[str, ...]
    adaptors: tuple[AdaptorInfo, ...]
    """However often they were called."""
    unsettled: int
    """Instances that are old, marked or have failed."""

    @classmethod
    def of(cls, machine: Machine) -> Self:
        """Now."""
        monitor = machine.monitor
        factories = monitor.factories()
        return cls(
            tuple(sorted((each.class_name, each.version, each.default) for each in factories)),
            tuple(each.name for each in monitor.modules()),
            tuple(replace(each, calls=0) for each in monitor.adaptors()),
            sum(each.old + each.marked + each.failed for each in factories),
        )


@dataclass(frozen=True)
class Ended:
    """A run whose clients have ended: all of them were right."""

    standing: Standing
    memory: MemoryInUse
    records: int
    """Of updates."""


@dataclass
class Bench:
    """A machine under load, which can be begun again."""

    subject: Subject
    machine: Machine
    start: Checkpoint

    def restart(self) -> None:
        """As it was when it was warm."""
        self.machine.restore(self.start)

    def apply(self, image: bytes) -> UpdateRecord:
        """What comes of it, whatever that is."""
        return self.outcome(self.machine.monitor.start_apply(image))

    def outcome(self, load: int) -> UpdateRecord:
        """Lets the machine run until the load has ended."""
        end = self.machine.virtual_ns + _LIMIT_NS
        while (record := self.machine.monitor.load_outcome(load)) is None:
            stop = self.machine.run_for(200_000)
            assert stop.reason is StopReason.DEADLINE, self.machine.report().panic or stop
            assert self.machine.virtual_ns < end, "the update does not end"
        return record

    def end(self) -> Ended:
        """Ends the load, looks, and switches the machine off; the clients and the disk must be right."""
        monitor = self.machine.monitor
        kept = Kept()
        refused = 0
        self.machine.run_for(AFTERWARDS_NS)
        for name in self.subject.load:
            monitor.workload_stop(name)
        for name in self.subject.load:
            status = monitor.workload_wait(name, limit_ns=_LIMIT_NS)
            assert status.errors == 0, self.machine.console
            assert status.operations > 0
            if name == JOB_MIX:
                kept = status.kept
                refused = sum(kind.refused for kind in status.kinds.values())
        self.machine.run_for(IDLE_NS)
        pages = self.machine.config.memory // PAGE_SIZE if refused else 0
        memory = replace(MemoryInUse.of(self.machine), once_all=pages)
        ended = Ended(Standing.of(self.machine), memory, len(monitor.updates()))
        monitor.power_off()
        self._check_disk(kept)
        return ended

    def expect_reverted(self, control: Ended) -> None:
        """Takes an active update back, under load."""
        if self.subject.after:
            self.machine.monitor.revert(self.subject.after)
            self.machine.monitor.revert(self.subject.module)
            self.end()
        else:
            self.machine.monitor.revert(self.subject.module)
            self.expect_old_version(control)

    def expect_old_version(self, control: Ended) -> None:
        """Of an update that has ended, and did not come into service or does not stay there."""
        ended = self.end()
        assert ended.standing == control.standing
        records = ended.records - control.records
        expect_nothing_left(ended.memory, control.memory, records=records, replaced=self.subject.kept)

    def _check_disk(self, kept: Kept) -> None:
        medium = self.machine.devices.disk.medium
        assert check(medium.read_durable).problems == ()
        found = read_kept_files(Tree(Image(medium.read_durable)))
        assert found.problems == ()
        assert Kept(found.files, found.bytes, found.digest) == kept


@cache
def _warm(subject: Subject, clients: int, policy: str, extra: tuple[bytes, ...]) -> Checkpoint:
    with ready_machine(subject.cpus, policy) as machine:
        for name in subject.before:
            machine.monitor.apply(shipped(name))
        for image in extra:
            machine.monitor.apply(image)
        for name in subject.load:
            machine.monitor.workload_start(name, clients=clients)
        machine.run_for(WARM_NS)
        return machine.save()


@contextmanager
def bench(
    subject: Subject, clients: int = 4, policy: str = "round-robin", extra: tuple[bytes, ...] = ()
) -> Iterator[Bench]:
    """A machine that is warm; ``extra`` are modules that were loaded before."""
    start = _warm(subject, clients, policy, extra)
    with Machine.from_checkpoint(start, kernel=kernel().path) as machine:
        yield Bench(subject, machine, start)


@cache
def control(
    subject: Subject, clients: int = 4, policy: str = "round-robin", extra: tuple[bytes, ...] = ()
) -> Ended:
    """The same without the update."""
    with bench(subject, clients, policy, extra) as quiet:
        return quiet.end()
