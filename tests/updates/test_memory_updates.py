"""The updates of the memory system, applied to the loaded machine, reverted, and applied again."""

from __future__ import annotations

import re
from typing import Final

import pytest

from emulator.scenario.result import RunResult
from emulator.scenario.runner import run_scenario
from emulator.scenario.scenario import load_scenario
from tests.guest.support import Schedule, run_tests
from tests.system.machines import kernel
from tests.updates.guest_tests import kernel_with
from toolchain.paths import installation

SEEDS: Final = [Schedule(seed) for seed in range(1, 21)]
FILE_SYNC_TESTS: Final = """
    failed_write_is_told_once
    forced_sync_takes_over_from_an_unforced_one
    late_caller_waits_for_the_next_pass
    outstanding_syncs_are_carried_over_and_back
    unforced_sync_is_carried_over
"""


def run(update: str, seed: int, policy: str = "round-robin", file: str = "scenario.toml") -> RunResult:
    """A scenario of the update's own; it is there and back, and nothing went wrong."""
    scenario = load_scenario(installation().updates / update / file)
    result = run_scenario(scenario.with_flags(policy=policy, seed=seed).with_control(False), kernel=kernel())
    assert result.error is None
    assert result.workload["errors"] == 0
    return result


def seen(result: RunResult, figure: str) -> list[int]:
    """What the scenario's looks at a figure saw, in their order."""
    texts = [str(step["text"]) for step in result.to_dict()["steps"]]
    found = [re.match(rf"{re.escape(figure)} = (\d+)", text) for text in texts]
    return [int(match[1]) for match in found if match]


def rates(result: RunResult, figure: str, per: str) -> list[float]:
    """Of one by another: before the update, with it, and after its revert; looks stand around each."""
    of, by = seen(result, figure), seen(result, per)
    return [(of[i + 1] - of[i]) / (by[i + 1] - by[i]) for i in (0, 2, 4)]


def test_unmapping_saves_synchronisations() -> None:
    result = run("fcm_unmap", seed=1)
    before, updated, reverted = rates(result, "paging.synchronisations", "workload.paging.operations")
    assert updated < before / 2
    assert updated < reverted / 2


def test_forced_syncs_go_first() -> None:
    result = run("file_sync", seed=1)
    assert [update["state"] for update in result.updates[1:]] == ["unloaded", "active"]


def test_parts_are_touched_side_by_side() -> None:
    result = run("partitioned_region", seed=1)
    before, parted = seen(result, "workload.parallel-touch.operations")
    assert parted > before * 1.5


def test_region_in_parts_is_loaded_on_demand() -> None:
    result = run("partitioned_region", 1, file="demand.scenario.toml")
    states = {update["name"]: update["state"] for update in result.updates}
    assert states["partitioned_region"] == "active"


@pytest.mark.parametrize("update", ["fcm_unmap", "file_sync", "partitioned_region"])
def test_scenario_with_the_job_mix(update: str) -> None:
    run(update, 1, "random", "job_mix.scenario.toml")


@pytest.mark.parametrize("schedule", [Schedule(), SEEDS[0]], ids=str)
def test_file_sync_inside_the_guest(schedule: Schedule) -> None:
    found = run_tests(kernel_with("file_sync"), "file_sync.", schedule)
    assert found.failure == "", f"{found.failure}\n{found.console}"
    assert list(found.results) == [f"file_sync.{name}" for name in sorted(FILE_SYNC_TESTS.split())]


@pytest.mark.matrix
@pytest.mark.parametrize("schedule", SEEDS[1:], ids=str)
def test_file_sync_from_more_seeds(schedule: Schedule) -> None:
    test_file_sync_inside_the_guest(schedule)
