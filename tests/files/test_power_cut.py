"""Whatever a power cut loses of what was not flushed: the file system is clean, what was synced is there."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from emulator import Machine, SystemConfig
from emulator.devices.disk import DiskConfig
from emulator.filesystem import Image, check
from tests.files.cut_disk import after_power_cut
from tests.files.storm import start_storm
from tests.files.storm_model import Storm

CUTS_EACH: Final = 2
"""Different losses at each instant."""


def test_synced_files_survive_a_cut_at_many_instants() -> None:
    cut_at_instants(seed=1, instants=12, every_ns=3_234_567)


@pytest.mark.matrix
@pytest.mark.parametrize("seed", range(2, 22))
def test_of_many_storms_synced_files_survive(seed: int) -> None:
    cut_at_instants(seed, instants=120, every_ns=987_654)


def test_a_machine_goes_on_with_what_a_cut_left(tmp_path: Path) -> None:
    disk = tmp_path / "disk.img"
    with Machine(SystemConfig(seed=3, policy="random")) as machine:
        start_storm(machine, seed=3)
        machine.run_for(60_000_000)
        storm = Storm.of(machine.marks)
        after_power_cut(machine, seed=5).export(disk)
    for _ in range(2):
        with Machine(SystemConfig(disk=DiskConfig(path=disk))) as machine:
            assert machine.run_until_ready().reason.value == "ready"
            medium = after_power_cut(machine, seed=7)
            report = check(medium.read)
            assert report.problems == ()
            assert report.nameless == 0
            assert storm.problems(Image(medium.read)) == []
            medium.export(disk)


def cut_at_instants(seed: int, instants: int, every_ns: int) -> None:
    with Machine(SystemConfig(seed=seed, policy="random")) as machine:
        start_storm(machine, seed)
        for instant in range(instants):
            machine.run_for(every_ns)
            storm = Storm.of(machine.marks)
            for cut in range(CUTS_EACH):
                medium = after_power_cut(machine, instant * CUTS_EACH + cut)
                report = check(medium.read)
                assert report.problems == (), f"at {machine.virtual_ns} ns, cut {cut}"
                assert storm.problems(Image(medium.read)) == [], f"at {machine.virtual_ns} ns, cut {cut}"
        status = machine.monitor.workload_status("file-storm")
        assert status.errors == 0
        assert status.operations > instants
