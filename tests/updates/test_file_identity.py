"""File system and open files in objects of another layout: nothing changes but the version."""

from __future__ import annotations

from typing import Final

import pytest

from emulator.scenario.runner import run_scenario
from emulator.scenario.scenario import load_scenario
from tests.system.machines import kernel
from toolchain.paths import installation

SEEDS: Final = [1, *(pytest.param(seed, marks=pytest.mark.matrix) for seed in range(2, 21))]


@pytest.mark.parametrize("seed", SEEDS)
def test_there_and_back_and_there_again(seed: int) -> None:
    scenario = load_scenario(installation().updates / "file_identity" / "scenario.toml")
    wanted = scenario.with_flags(policy="random", seed=seed).with_control(False)
    result = run_scenario(wanted, kernel=kernel())
    assert result.error is None
    assert [update["state"] for update in result.updates] == ["active", "unloaded", "active"]
    assert result.workload["errors"] == 0
    assert result.workload["operations"] > 20
