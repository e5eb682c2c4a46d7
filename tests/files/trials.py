"""Storms of file jobs on a disk that loses its power or fails: each says what was wrong first, or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Final

from emulator import Machine, SystemConfig
from emulator.abi.values import items
from emulator.devices.disk import DiskFault
from emulator.devices.medium import Medium
from emulator.filesystem import Image, check
from emulator.machine import StopReason
from tests.files.storm import start_storm
from tests.files.storm_model import Storm

STEP_NS: Final = 23_456
"""From one look for unflushed writes to the next."""


def after_power_cut(machine: Machine, seed: int) -> Medium:
    """A copy of the disk that has lost some of its unflushed writes: half of them, most, or few."""
    random, kept = Random(seed), (0.5, 0.9, 0.1)[seed % 3]
    medium = machine.devices.disk.medium
    copy = Medium(medium.blocks, machine.config.disk.path)
    blocks, digest, durable, cached = medium.state_values()
    survive = [row for row in items(cached) if random.random() < kept]
    copy.set_state_values([blocks, digest, [*items(durable), *survive], []])
    return copy


def complaint(machine: Machine, cut: int, *, through_caches: bool = False) -> str:
    """What a power cut now would leave wrong; ``through_caches``: of a ``cache-storm``."""
    if machine.panic is not None:
        return machine.panic.message
    medium = after_power_cut(machine, cut)
    storm = Storm.of(machine.marks, through_caches=through_caches)
    problems = check(medium.read).problems or storm.problems(Image(medium.read))
    return f"at {machine.virtual_ns} ns, cut {cut}: {problems[0]}" if problems else ""


def trial_of_cuts(seed: int, instants: int, every_ns: int, cuts: int = 2, kernel: Path | None = None) -> str:
    """Cuts the power at many instants, each time several ways."""
    with Machine(SystemConfig(seed=seed, policy="random", kernel=kernel)) as machine:
        start_storm(machine, seed)
        return next(_complaints_of_cuts(machine, instants, every_ns, cuts), "")


def _complaints_of_cuts(machine: Machine, instants: int, every_ns: int, cuts: int) -> Iterator[str]:
    for instant in range(instants):
        machine.run_for(every_ns)
        while machine.devices.disk.medium.unflushed < 2 and machine.panic is None:
            machine.run_for(STEP_NS)
        yield from filter(None, (complaint(machine, instant * cuts + cut) for cut in range(cuts)))
    yield from _complaints_of_clients(machine, least=instants // 4)


def trial_of_errors(seed: int, looks: int, every_ns: int = 4_000_000, kernel: Path | None = None) -> str:
    """Has some disk commands fail, and cuts the power in between."""
    random = Random(seed)
    with Machine(SystemConfig(seed=seed, policy="random", kernel=kernel)) as machine:
        start_storm(machine, seed)
        for look in range(looks):
            machine.devices.disk.inject(DiskFault(after=random.randrange(25), times=random.randrange(1, 4)))
            machine.run_for(every_ns)
            wrong = complaint(machine, look)
            if wrong:
                return wrong
        refused = machine.monitor.workload_status("file-storm").kinds["files"].refused
        return next(_complaints_of_clients(machine, least=looks // 4), "" if refused else "no error was seen")


def _complaints_of_clients(machine: Machine, least: int) -> Iterator[str]:
    if machine.last_stop is not None and machine.last_stop.reason is StopReason.PANIC:
        yield "panic"
        return
    status = machine.monitor.workload_status("file-storm")
    if status.errors:
        yield f"{status.errors} wrong answers: {machine.console}"
    if status.operations < least:
        yield f"only {status.operations} operations"
