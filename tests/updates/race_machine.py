"""The allocation storm from one booted machine, again and again: each seed starts from the same snapshot."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from emulator import Checkpoint, Machine, SystemConfig
from emulator.abi.mailbox import Operation
from emulator.abi.values import Value
from emulator.errors import GuestError
from emulator.machine import Random, StopReason, Until
from tests.system.machines import kernel, module

OPERATIONS: Final = 500
"""Of each client: enough that many descriptors are made."""
UPDATE_AFTER_NS: Final = 100_000
_LOOK_EVERY_NS: Final = 50_000
_LIMIT_NS: Final = 20_000_000
_MAKES_DESCRIPTORS: Final = "services::v1::PageAllocatorKernPinned::get_next_for_mdh"


@dataclass
class Trace:
    """What a function returns on one CPU. Looking does not change the run."""

    cpu: int
    exits: list[int]
    results: list[int] = field(default_factory=list)


@dataclass
class Storm:
    """Repeats the storm under the random policy, from a snapshot taken just before it."""

    machine: Machine
    start: Checkpoint = field(init=False)

    def __post_init__(self) -> None:
        self.start = self.machine.save()

    def failure(self, seed: int, *, update: bool = False) -> str | None:
        """What went wrong with that seed, None when nothing did. ``update``: it is applied under the load."""
        self._begin(seed)
        try:
            self._advance(UPDATE_AFTER_NS)
            if update:
                self._apply()
            errors = self.machine.monitor.workload_wait("allocation-storm", limit_ns=_LIMIT_NS).errors
        except GuestError as failure:
            return self.machine.panic.message if self.machine.panic else str(failure)
        return f"{errors} errors" if errors else None

    def given_out_twice(self, seed: int) -> bool:
        """Whether two CPUs got the same descriptor before the update was active: the race came first."""
        results: list[int] = []
        for cpu in range(len(self.machine.cpus)):
            self._begin(seed)
            trace = Trace(cpu, self._exits())
            try:
                self._advance(UPDATE_AFTER_NS, trace)
                self._apply(trace)
            except GuestError:
                pass  # the race has shown itself already
            results += trace.results
        return len(set(results)) < len(results)

    def _begin(self, seed: int) -> None:
        self.machine.restore(self.start)
        self.machine.hardware.use_policy(Random(), seed)
        parameters: list[Value] = [["operations", OPERATIONS], ["seed", seed]]
        self.machine.monitor.request(Operation.WORKLOAD_START, "allocation-storm", parameters)

    def _apply(self, trace: Trace | None = None) -> None:
        load = self.machine.monitor.start_apply(module("allocator_race"))
        end = self.machine.virtual_ns + _LIMIT_NS
        while self.machine.monitor.load_outcome(load) is None:
            if self.machine.virtual_ns >= end:
                raise GuestError("the update does not end")
            self._advance(_LOOK_EVERY_NS, trace)

    def _advance(self, nanoseconds: int, trace: Trace | None = None) -> None:
        """Lets the machine run. Raises GuestError when it ends."""
        deadline = self.machine.virtual_ns + nanoseconds
        while self._run_on(deadline, trace):
            pass

    def _run_on(self, deadline: int, trace: Trace | None) -> bool:
        """Until the deadline, or (True) until the trace has something."""
        if trace is None:
            stop = self.machine.run(Until(deadline_ns=deadline))
        else:
            (address,) = trace.exits
            stop = self.machine.run(Until(deadline_ns=deadline, cpu=trace.cpu, address=address))
        if stop.reached and trace is not None:
            cpu = self.machine.cpus[trace.cpu]
            trace.results.append(cpu.registers["r3"])
            self.machine.run(Until(cpu=trace.cpu, instructions=cpu.instructions + 1))
            return True
        if stop.reason not in (StopReason.DEADLINE, StopReason.IDLE):
            raise GuestError(stop.reason.value)
        return False

    def _exits(self) -> list[int]:
        listing = self.machine.monitor.disassemble(_MAKES_DESCRIPTORS, 256)
        name = listing[0].label.partition("+")[0]
        return [each.address for each in listing if each.label.startswith(name) and each.text == "blr"]


@contextmanager
def storm(*, fixed: bool) -> Iterator[Storm]:
    """Two CPUs; with ``fixed`` the update has been applied before."""
    config = SystemConfig(memory=16 << 20, policy="random", kernel=kernel().path, keep_race=True)
    with Machine(config) as machine:
        machine.run_until_ready()
        if fixed:
            machine.monitor.apply(module("allocator_race"))
        yield Storm(machine)
