"""Disk commands fail while file_sync comes and goes: callers are told, nothing hangs or is lost."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Final

import pytest

from emulator.devices.disk import DiskFault
from emulator.filesystem import Image, check
from tests.files.storm_model import Storm
from tests.files.trials import complaint
from tests.updates.failures import FILE_SYNC, Bench, bench, control

STORM: Final = "cache-storm"
SUBJECT: Final = replace(FILE_SYNC, load=(STORM,))
_ROUNDS: Final = 8
"""At least."""
_ROUNDS_MAX: Final = 100


def run_with_faults(machine: Bench, random: Random, nanoseconds: int) -> None:
    """Some of the next commands fail; a power cut now would lose nothing that was acknowledged."""
    fault = DiskFault(after=random.randrange(12), times=random.randrange(1, 4))
    machine.machine.devices.disk.inject(fault)
    machine.machine.run_for(nanoseconds)
    assert complaint(machine.machine, random.randrange(100), through_caches=True) == ""


def refused(machine: Bench) -> int:
    return machine.machine.monitor.workload_status(STORM).kinds["files"].refused


def run_until_refused(machine: Bench, random: Random) -> None:
    """For some rounds, and until one more caller has been told of an error."""
    before = refused(machine)
    for done in range(_ROUNDS_MAX):
        if done >= _ROUNDS and refused(machine) > before:
            return
        run_with_faults(machine, random, 500_000)
    raise AssertionError("nobody was told of an error")


def expect_refusals_alone(seed: int, clients: int) -> None:
    random = Random(seed)
    with bench(SUBJECT, clients) as machine:
        monitor = machine.machine.monitor
        run_until_refused(machine, random)
        load = monitor.start_apply(SUBJECT.build())
        while monitor.load_outcome(load) is None:
            run_with_faults(machine, random, 200_000)
        assert machine.outcome(load).active
        run_until_refused(machine, random)
        monitor.revert(SUBJECT.module)
        for _ in range(_ROUNDS):
            run_with_faults(machine, random, 500_000)
        machine.expect_old_version(control(SUBJECT, clients))
        medium = machine.machine.devices.disk.medium
        assert check(medium.read_durable).nameless == 0
        assert Storm.of(machine.machine.marks, through_caches=True).problems(Image(medium.read_durable)) == []


@pytest.mark.parametrize("seed", [1, 2])
def test_errors_are_told_and_nothing_is_lost(seed: int) -> None:
    expect_refusals_alone(seed, clients=4)


@pytest.mark.matrix
@pytest.mark.parametrize("seed", range(1, 21))
def test_of_eight_clients(seed: int) -> None:
    expect_refusals_alone(seed, clients=8)
