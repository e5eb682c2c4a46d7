"""The shipped update of a class with many instances: applied, reverted and applied again under load."""

from __future__ import annotations

import pytest

from emulator.scenario.runner import run_scenario
from emulator.scenario.scenario import load_scenario
from tests.system.machines import kernel
from toolchain.paths import installation


@pytest.mark.parametrize("policy", ["round-robin", "random"])
@pytest.mark.parametrize(
    "seed", [1, *(pytest.param(seed, marks=pytest.mark.matrix) for seed in range(2, 21))]
)
def test_every_increment_is_counted_once(policy: str, seed: int) -> None:
    scenario = load_scenario(installation().updates / "checked_counter" / "scenario.toml")
    result = run_scenario(scenario.with_flags(policy=policy, seed=seed), kernel=kernel())
    assert result.error is None
    assert result.workload["errors"] == 0
    assert [(update["name"], update["state"]) for update in result.updates] == [
        ("allocator_race", "active"),
        ("checked_counter", "unloaded"),
        ("checked_counter", "active"),
    ]
