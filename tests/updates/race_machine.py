"""The allocation storm from one booted machine, again and again: each seed starts from the same snapshot."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from emulator import Checkpoint, Machine, SystemConfig
from emulator.errors import GuestError
from emulator.machine import Random
from tests.system.machines import kernel, module

OPERATIONS = 500
"""Of each client: enough that many descriptors are made."""


@dataclass
class Storm:
    """Repeats the storm under the random policy, from a snapshot taken just before it."""

    machine: Machine
    start: Checkpoint = field(init=False)

    def __post_init__(self) -> None:
        self.start = self.machine.save()

    def failure(self, seed: int, *, apply_at_ns: int | None = None) -> str | None:
        """What went wrong with that seed, None when nothing did.

        ``apply_at_ns``: the update is applied when the storm has gone on so long.
        """
        machine, monitor = self.machine, self.machine.monitor
        machine.restore(self.start)
        machine.hardware.use_policy(Random(), seed)
        try:
            monitor.workload_start("allocation-storm", operations=OPERATIONS, seed=seed)
            if apply_at_ns is not None:
                machine.run_for(apply_at_ns)
                monitor.apply(module("allocator_race"))
            errors = monitor.workload_wait("allocation-storm").errors
        except GuestError as failure:
            return machine.panic.message if machine.panic else str(failure)
        return f"{errors} errors" if errors else None


@contextmanager
def storm(*, fixed: bool) -> Iterator[Storm]:
    """Two CPUs; with ``fixed`` the update has been applied before."""
    with Machine(
        SystemConfig(memory=16 << 20, policy="random", kernel=kernel().path, keep_race=True)
    ) as machine:
        machine.run_until_ready()
        if fixed:
            machine.monitor.apply(module("allocator_race"))
        yield Storm(machine)
