"""The power is cut before, during and after an update: what was acknowledged is there, and it boots again."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from emulator import Machine, SystemConfig
from emulator.devices.disk import DiskConfig
from emulator.filesystem import Image, check
from emulator.machine import StopReason
from tests.files.storm_model import Storm
from tests.files.trials import after_power_cut, complaint
from tests.system.machines import kernel
from tests.updates.failures import SUBJECTS, Bench, Subject, bench, sampled

_LOADED: Final = [replace(subject, load=(*subject.load, "cache-storm")) for subject in SUBJECTS]
_STEP_NS: Final = 20_000
_MOMENTS: Final = {
    "before": -1,
    "at its beginning": 0,
    "early": 3,
    "late": 7,
    "at its end": 10,
    "after": 15,
}
"""In tenths of the time that it takes."""
_CUTS: Final = 3


@cache
def duration(subject: Subject, clients: int) -> int:
    """Virtual time from the request to the end of the update."""
    with bench(subject, clients) as machine:
        start = machine.machine.virtual_ns
        assert machine.apply(subject.build()).active
        return machine.machine.virtual_ns - start


def run_to(machine: Bench, tenths: int, clients: int) -> None:
    """The moment, and on from there until something would be lost."""
    if tenths >= 0:
        machine.machine.monitor.start_apply(machine.subject.build())
        machine.machine.run_for(duration(machine.subject, clients) * tenths // 10)
    while machine.machine.devices.disk.medium.unflushed < 2:
        machine.machine.run_for(_STEP_NS)


def expect_all_there(machine: Machine, folder: Path) -> None:
    """After cuts that lose different writes; after one of them the machine goes on."""
    for cut in range(_CUTS):
        assert complaint(machine, cut, through_caches=True) == ""
    storm = Storm.of(machine.marks, through_caches=True)
    disk = folder / "disk.img"
    after_power_cut(machine, _CUTS).export(disk)
    config = SystemConfig(disk=DiskConfig(path=disk), kernel=kernel().path)
    with Machine(config) as again:
        assert again.run_until_ready().reason is StopReason.READY
        medium = again.devices.disk.medium
        report = check(medium.read)
        assert report.problems == ()
        assert report.nameless == 0
        assert storm.problems(Image(medium.read)) == []


@pytest.mark.parametrize("moment", ["early", "at its end"])
@pytest.mark.parametrize("subject", sampled(_LOADED), ids=str)
def test_nothing_acknowledged_is_lost(subject: Subject, moment: str, tmp_path: Path) -> None:
    with bench(subject) as machine:
        run_to(machine, _MOMENTS[moment], clients=4)
        expect_all_there(machine.machine, tmp_path)


@pytest.mark.matrix
@pytest.mark.parametrize("moment", _MOMENTS)
@pytest.mark.parametrize("subject", _LOADED, ids=str)
def test_of_eight_clients(subject: Subject, moment: str, tmp_path: Path) -> None:
    with bench(subject, clients=8) as machine:
        run_to(machine, _MOMENTS[moment], clients=8)
        expect_all_there(machine.machine, tmp_path)
