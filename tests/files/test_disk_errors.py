"""A disk that fails now and then, or is full: calls are refused, and what was acknowledged stays right."""

from __future__ import annotations

from random import Random
from typing import Final

import pytest

from emulator import Machine, SystemConfig
from emulator.devices.disk import DiskConfig, DiskFault
from emulator.filesystem import Image, check
from tests.files.cut_disk import after_power_cut
from tests.files.storm import start_storm
from tests.files.storm_model import Storm

LOOK_EVERY_NS: Final = 4_000_000


def test_failing_commands_are_refusals() -> None:
    storm_on_a_failing_disk(seed=1, looks=8)


@pytest.mark.matrix
@pytest.mark.parametrize("seed", range(2, 22))
def test_failing_commands_of_many_seeds_are_refusals(seed: int) -> None:
    storm_on_a_failing_disk(seed, looks=60)


def test_a_full_disk_is_a_refusal() -> None:
    config = SystemConfig(seed=2, policy="random", disk=DiskConfig(blocks=1024))
    with Machine(config) as machine:
        start_storm(machine, seed=2, clients=24)
        machine.run_for(120_000_000)
        status = machine.monitor.workload_status("file-storm")
        assert status.errors == 0
        assert status.kinds["files"].refused > 0
        look_at(machine, cut=1)


def storm_on_a_failing_disk(seed: int, looks: int) -> None:
    random = Random(seed)
    with Machine(SystemConfig(seed=seed, policy="random")) as machine:
        start_storm(machine, seed)
        for look in range(looks):
            machine.devices.disk.inject(DiskFault(after=random.randrange(25), times=random.randrange(1, 4)))
            machine.run_for(LOOK_EVERY_NS)
            look_at(machine, look)
        status = machine.monitor.workload_status("file-storm")
        assert status.errors == 0
        assert status.kinds["files"].refused > 0


def look_at(machine: Machine, cut: int) -> None:
    medium = after_power_cut(machine, cut)
    assert check(medium.read).problems == (), f"at {machine.virtual_ns} ns"
    assert Storm.of(machine.marks).problems(Image(medium.read)) == [], f"at {machine.virtual_ns} ns"
