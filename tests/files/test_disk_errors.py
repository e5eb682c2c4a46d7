"""A disk that fails now and then, or is full: calls are refused, and what was acknowledged stays right."""

from __future__ import annotations

import pytest

from emulator import Machine, SystemConfig
from emulator.devices.disk import DiskConfig
from tests.files.storm import start_storm
from tests.files.trials import complaint, trial_of_errors


def test_failing_commands_are_refusals() -> None:
    assert trial_of_errors(seed=1, looks=8) == ""


@pytest.mark.matrix
@pytest.mark.parametrize("seed", range(2, 22))
def test_failing_commands_of_many_seeds_are_refusals(seed: int) -> None:
    assert trial_of_errors(seed, looks=60) == ""


def test_a_full_disk_is_a_refusal() -> None:
    config = SystemConfig(seed=2, policy="random", disk=DiskConfig(blocks=1024))
    with Machine(config) as machine:
        start_storm(machine, seed=2, clients=24)
        machine.run_for(120_000_000)
        status = machine.monitor.workload_status("file-storm")
        assert status.errors == 0
        assert status.kinds["files"].refused > 0
        assert complaint(machine, cut=1) == ""
