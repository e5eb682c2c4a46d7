"""Whatever a power cut loses of what was not flushed: the file system is clean, what was synced is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator import Machine, SystemConfig
from emulator.devices.disk import DiskConfig
from emulator.filesystem import Image, check
from emulator.machine import StopReason
from tests.files.storm import start_storm
from tests.files.storm_model import Storm
from tests.files.trials import after_power_cut, complaint, trial_of_cuts


def test_synced_files_survive_a_cut_at_many_instants() -> None:
    assert trial_of_cuts(seed=1, instants=12, every_ns=3_234_567) == ""


@pytest.mark.parametrize(
    "seed", [1, *(pytest.param(seed, marks=pytest.mark.matrix) for seed in range(2, 12))]
)
def test_what_was_written_through_caches_survives(seed: int) -> None:
    with Machine(SystemConfig(seed=seed, policy="random")) as machine:
        start_storm(machine, seed, workload="cache-storm")
        for instant in range(12):
            machine.run_for(3_234_567)
            assert complaint(machine, instant, through_caches=True) == ""
        status = machine.monitor.workload_status("cache-storm")
        assert status.errors == 0
        assert status.operations > 10


@pytest.mark.matrix
@pytest.mark.parametrize("seed", range(2, 22))
def test_of_many_storms_synced_files_survive(seed: int) -> None:
    assert trial_of_cuts(seed, instants=120, every_ns=987_654, cuts=3) == ""


def test_a_machine_goes_on_with_what_a_cut_left(tmp_path: Path) -> None:
    disk = tmp_path / "disk.img"
    with Machine(SystemConfig(seed=3, policy="random")) as machine:
        start_storm(machine, seed=3)
        machine.run_for(60_000_000)
        storm = Storm.of(machine.marks)
        after_power_cut(machine, seed=5).export(disk)
    for _ in range(2):
        with Machine(SystemConfig(disk=DiskConfig(path=disk))) as machine:
            assert machine.run_until_ready().reason is StopReason.READY
            medium = after_power_cut(machine, seed=7)
            report = check(medium.read)
            assert report.problems == ()
            assert report.nameless == 0
            assert storm.problems(Image(medium.read)) == []
            medium.export(disk)
