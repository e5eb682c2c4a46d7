"""Runs in-guest tests under a schedule: round robin, random from a seed, or one that holds a thread."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from emulator import Machine, SystemConfig
from emulator.abi.hypercalls import Hypercall
from emulator.abi.marks import HoldMark
from emulator.machine import Policy, Random, RoundRobin, Stop, StopReason, Until
from emulator.machine.policy import Directive, DirectiveKind
from toolchain.kernel import build_kernel

LIMIT_NS: Final = 400_000_000
"""Virtual time after which a run has failed: tests of one kind take two thirds of it at most, on two CPUs."""
GRACE_NS: Final = 3_000_000
"""How long a thread is held at the most: its CPU may be held with a lock that the test itself wants."""

_RESULT: Final = re.compile(r"^test (\S+) (ok|FAILED: .*)$", re.MULTILINE)


@dataclass(frozen=True)
class Schedule:
    """Which schedule a run has; equal ones give equal runs."""

    seed: int | None = None
    """Of the random policy; None: round robin."""
    hold_after: int | None = None
    """The thread that marks HOLD_FROM_HERE is held after so many instructions of its CPU; None: nobody is."""

    def __str__(self) -> str:
        name = "round-robin" if self.seed is None else f"random {self.seed}"
        return name if self.hold_after is None else f"{name}, held after {self.hold_after}"

    @property
    def policy(self) -> Policy:
        """What it is when nobody is held."""
        return RoundRobin() if self.seed is None else Random()


@dataclass(frozen=True)
class GuestRun:
    """What a run of in-guest tests gave."""

    stop: Stop
    console: str
    panic: str = ""
    """The message of a kernel that panicked."""
    held: bool = False
    """Whether the thread was still there to be held."""

    @property
    def results(self) -> Mapping[str, str]:
        """``ok`` or ``FAILED: ...`` of each test that ended, in the order in which they ran."""
        return dict(_RESULT.findall(self.console))

    @property
    def failure(self) -> str:
        """Why the run is not as it should be: a panic, a test that failed, no end. Empty: it is."""
        if self.stop.reason is StopReason.PANIC:
            return f"panic: {self.panic}"
        failures = [f"{name} {result}" for name, result in self.results.items() if result != "ok"]
        if failures:
            return failures[0]
        if self.stop.reason is not StopReason.HALTED:
            return f"{self.stop.reason.value} {self.stop.message}".rstrip()
        return "" if self.results else "no test ran"


class Directives(Policy):
    """Some directives, then another policy for ever."""

    def __init__(self, first: Sequence[Directive], then: Policy) -> None:
        self._first: Sequence[Directive] = first
        self._then = then

    @property
    def name(self) -> str:
        return self._then.name

    def directives(self) -> Sequence[Directive]:
        first, self._first = self._first, ()
        return [*first, *self._then.directives()]


@cache
def shipped_kernel() -> Path:
    """The image of the kernel as it is."""
    return build_kernel().path


def run_tests(
    image: Path,
    tests: str,
    schedule: Schedule,
    cpus: int = 2,
    limit_ns: int = LIMIT_NS,
    memory: int = 64 << 20,
) -> GuestRun:
    """Runs the in-guest tests whose names start with ``tests`` and says what happened."""
    config = SystemConfig(
        cpus=cpus,
        memory=memory,
        seed=schedule.seed or 0,
        workload_seed=1,
        policy=schedule.policy,
        kernel=image,
        arguments=f"tests={tests}",
        run_tests=True,
    )
    with Machine(config) as machine:
        held = schedule.hold_after is not None and _hold(machine, schedule, schedule.hold_after)
        stop = machine.run(Until(deadline_ns=limit_ns))
        panic = machine.panic
        return GuestRun(stop, machine.console, "" if panic is None else panic.message, held)


def expect_all_ok(kind: str, names: str, schedule: Schedule, cpus: int = 2, limit_ns: int = LIMIT_NS) -> None:
    """That exactly these in-guest tests of one kind ran, in the order of their names, and all are well."""
    run = run_tests(shipped_kernel(), f"{kind}.", schedule, cpus, limit_ns)
    assert run.failure == "", f"{run.failure}\n{run.console}"
    assert list(run.results) == [f"{kind}.{name}" for name in sorted(names.split())]


def _hold(machine: Machine, schedule: Schedule, instructions: int) -> bool:
    """Holds the thread that marks until the test lets it go or the grace is over. False: it had gone."""
    with _stopping_at_marks(machine):
        if not _run_to_mark(machine, HoldMark.HOLD_FROM_HERE, LIMIT_NS):
            return False
        cpu = machine.cpus[machine.marks[-1].cpu]
        thread, until = cpu.thread, cpu.instructions + instructions
        stop = machine.run(Until(deadline_ns=LIMIT_NS, cpu=cpu.id, instructions=until))
        if not stop.reached or cpu.thread != thread:
            return False
        hold = Directive(DirectiveKind.HOLD_THREAD, address=cpu.pc, thread=thread)
        machine.hardware.use_policy(Directives([hold], schedule.policy))
        _run_to_mark(machine, HoldMark.LET_GO, machine.virtual_ns + GRACE_NS)
        release = Directive(DirectiveKind.RELEASE_THREAD, thread=thread)
        machine.hardware.use_policy(Directives([release], schedule.policy))
        return True


def _run_to_mark(machine: Machine, mark: HoldMark, deadline_ns: int) -> bool:
    """False when the machine ended, had nothing more to do or reached the deadline before."""
    while machine.run(Until(deadline_ns=deadline_ns)).reason is StopReason.STOPPED:
        if machine.marks[-1].id == mark:
            return True
    return False


@contextmanager
def _stopping_at_marks(machine: Machine) -> Iterator[None]:
    serve = machine.hardware.on_hypercall

    def stop_at_mark(cpu: int, number: int, arguments: tuple[int, ...]) -> tuple[int, int]:
        if number == Hypercall.MARK:
            machine.hardware.stop(StopReason.STOPPED)
        return serve(cpu, number, arguments)

    machine.hardware.on_hypercall = stop_at_mark
    yield
    machine.hardware.on_hypercall = serve
