"""The race of section 4.3.2: it is there, a schedule leads into it every time, and the update ends it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest

from emulator.abi.memory_map import PAGE_SIZE
from emulator.scenario import runner
from emulator.scenario.result import RunResult
from emulator.scenario.scenario import Scenario, load_scenario
from tests.system.machines import kernel
from tests.updates.race_machine import storm
from tests.updates.race_trace import run_without_the_race
from toolchain.paths import installation

SEEDS = range(200)
SAMPLE = range(20)


def shipped(name: str) -> Scenario:
    folder: Path = installation().updates / "allocator_race"
    return load_scenario(folder / name)


def run_scenario(scenario: Scenario) -> RunResult:
    """All tests of this process run one kernel."""
    return runner.run_scenario(scenario, kernel=kernel())


@pytest.fixture(scope="module")
def under_load() -> RunResult:
    return run_scenario(shipped("scenario.toml"))


def test_some_seed_makes_the_shipped_kernel_fail() -> None:
    with storm(fixed=False) as machine:
        assert any(machine.failure(seed) for seed in SEEDS), "none of them met the race"


def test_no_seed_of_the_sample_fails_with_the_update_applied_before() -> None:
    with storm(fixed=True) as machine:
        assert [seed for seed in SAMPLE if machine.failure(seed)] == []


@pytest.mark.matrix
def test_no_seed_at_all_fails_with_the_update_applied_before() -> None:
    with storm(fixed=True) as machine:
        assert [seed for seed in SEEDS if machine.failure(seed)] == []


@pytest.mark.parametrize(
    "seeds", [pytest.param(SAMPLE, id="sample"), pytest.param(SEEDS, id="all", marks=pytest.mark.matrix)]
)
def test_seeds_that_do_not_fail_first_lose_nothing_when_it_is_applied_under_load(seeds: range) -> None:
    """A seed fails first when two CPUs have got the same descriptor before the update is active."""
    with storm(fixed=False) as machine:
        failed = {seed: failure for seed in seeds if (failure := machine.failure(seed, update=True))}
        assert len(failed) < len(seeds) // 2
        assert {seed: failure for seed, failure in failed.items() if not machine.given_out_twice(seed)} == {}
        passed = next(seed for seed in seeds if seed not in failed)
        assert not machine.given_out_twice(passed), "else that question says nothing"


def test_a_schedule_leads_into_the_race_every_time() -> None:
    first, second = (run_scenario(shipped("race.scenario.toml")) for _ in range(2))
    assert first.error is None
    assert first.machine["exit"] == "panic"
    assert "get_next_for_mdh" not in first.machine["console"]
    assert first.machine["state_hash"] == second.machine["state_hash"]


def test_the_same_schedule_does_no_harm_after_the_update() -> None:
    result = run_scenario(shipped("fixed.scenario.toml"))
    assert result.error is None
    assert result.workload["errors"] == 0
    assert result.workload["operations"] > 1000


def test_applied_under_load_nothing_is_lost(under_load: RunResult) -> None:
    assert under_load.error is None
    assert under_load.machine["exit"] == "halted"
    assert under_load.workload["errors"] == 0
    (update,) = under_load.updates
    assert (update["name"], update["state"]) == ("allocator_race", "active")
    assert 0 <= update["blocked_ns_max"] < 1_000_000


def test_calls_that_start_in_the_swap_are_forwarded() -> None:
    """Whether any starts in so short a time is up to the workload's seed."""
    scenario = shipped("scenario.toml").with_control(False)
    runs = (run_without_the_race(scenario.with_flags(seed=seed)) for seed in range(1, 9))
    assert any(result.updates[0]["calls_forwarded"] > 0 for result in runs)


def test_each_phase_comes_after_the_one_before_on_every_cpu(under_load: RunResult) -> None:
    phases = under_load.updates[0]["phases"]
    for cpu in (0, 1):
        mine = [phase for phase in phases if phase["cpu"] == cpu]
        assert [phase["name"] for phase in mine] == ["forward", "block", "transfer", "complete"]
        times = [time for phase in mine for time in (phase["start_ns"], phase["end_ns"])]
        assert times == sorted(times)


def test_the_system_works_before_during_and_after(under_load: RunResult) -> None:
    (swap,) = under_load.updates[0]["swaps"]
    operations = [sample["operations"] for sample in swap["workload"]]
    assert operations == sorted(operations)
    assert 0 < operations[0] < operations[-1] < under_load.workload["operations"]


GAP_SEEDS: Final = (2, 4, 5)
"""Of further runs: where slices end decides more about the longest gap of a single one than a swap does."""


def swap_took(result: RunResult) -> int:
    """From the beginning of its first phase to the end of its last, in virtual ns."""
    phases = result.updates[0]["phases"]
    return int(max(each["end_ns"] for each in phases) - min(each["start_ns"] for each in phases))


def test_it_is_never_stopped_for_longer_than_the_swap_takes(under_load: RunResult) -> None:
    scenario = shipped("scenario.toml")
    runs = [under_load, *(run_without_the_race(scenario.with_flags(seed=seed)) for seed in GAP_SEEDS)]
    assert under_load.control is not None
    for cpu in range(len(under_load.machine["cpus"])):
        own, other = (each.workload["longest_gap_ns"][cpu] for each in (under_load, under_load.control))
        assert own < other + swap_took(under_load)
        gaps = bounds = 0
        for run in runs:
            assert run.control is not None
            assert run.control.error is None
            gaps += run.workload["longest_gap_ns"][cpu]
            bounds += run.control.workload["longest_gap_ns"][cpu] + swap_took(run)
        assert gaps < bounds


MODULE_PAGES: Final = 3


def memory_after_drain(result: RunResult) -> dict[str, Any]:
    (drain,) = (step for step in result.steps if step.do == "drain")
    memory: dict[str, Any] = drain.to_dict()["memory"]
    return memory


def test_after_drain_memory_is_that_of_a_run_with_the_update_from_the_start(under_load: RunResult) -> None:
    assert under_load.control is not None
    with_update, control = memory_after_drain(under_load), memory_after_drain(under_load.control)
    # Which slab a record that stays came to lie in depends on when it was made.
    assert abs(with_update.pop("frames") - control.pop("frames")) <= PAGE_SIZE
    assert with_update == control


def test_after_drain_memory_is_that_of_a_run_without_the_update_but_for_the_module() -> None:
    scenario = load_scenario(installation().updates / "allocator_race" / "scenario.toml").with_control(False)
    result = run_without_the_race(scenario)
    with_update = memory_after_drain(result)
    steps = [step for step in scenario.steps if step.do != "apply"]
    without = memory_after_drain(run_scenario(Scenario("without", scenario.machine, steps=steps)))
    assert with_update.pop("module") > without.pop("module")
    # The module's pages, the page table of their addresses, and pages of which only a part is used:
    # slabs of the records that stay, and the first page of each 64 that the allocator took from the pool.
    grown = with_update.pop("frames") - without.pop("frames")
    assert grown <= (MODULE_PAGES + 1 + 4) * PAGE_SIZE
    assert with_update == without


@pytest.mark.parametrize("seed", range(2, 6))
def test_other_seeds_and_the_random_policy(seed: int) -> None:
    scenario = shipped("scenario.toml").with_flags(seed=seed, policy="random").with_control(False)
    result = run_without_the_race(scenario)
    assert result.workload["errors"] == 0
    assert result.workload["operations"] > 1000
