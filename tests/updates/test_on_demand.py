"""Section 4.3.1: the update comes when a program asks for its interface, and again after it was reverted."""

from __future__ import annotations

from emulator.scenario.runner import run_scenario
from emulator.scenario.scenario import load_scenario
from tests.system.machines import kernel
from toolchain.paths import installation


def test_the_partitioned_region_comes_when_it_is_asked_for() -> None:
    folder = installation().updates / "partitioned_region"
    result = run_scenario(load_scenario(folder / "on_demand.scenario.toml"), kernel=kernel())
    assert result.exit_code == 0, result.error
    assert [update["state"] for update in result.updates if update["name"] == "partitioned_region"] == [
        "unloaded",
        "active",
    ]
    line = "PartitionedRegion: provided by RegionPartitioned, version 1\n"
    assert result.machine["console"].count(line) == 2
    assert result.workload["operations"] > 0
