"""The update that the author's guide makes: ports whose messages know when they were sent."""

from __future__ import annotations

from typing import Any, Final

import pytest

from emulator.scenario.runner import run_scenario
from emulator.scenario.scenario import load_scenario
from tests.guest.support import Schedule, run_tests
from tests.system.machines import kernel
from tests.updates.guest_tests import kernel_with
from toolchain.paths import installation

GUEST_TESTS: Final = """
    messages_are_carried_over_and_back
    times_go_along_where_both_know_them
    unknown_times_begin_with_the_update
    waiting_senders_are_carried_over_and_back
"""


@pytest.mark.parametrize("policy", ["round-robin", "random"])
@pytest.mark.parametrize(
    "seed", [1, *(pytest.param(seed, marks=pytest.mark.matrix) for seed in range(2, 21))]
)
def test_ports_tell_how_long_messages_lie(policy: str, seed: int) -> None:
    scenario = load_scenario(installation().updates / "timed_port" / "scenario.toml")
    result = run_scenario(scenario.with_flags(policy=policy, seed=seed), kernel=kernel())
    assert result.error is None
    assert result.workload["errors"] == 0
    assert [(update["name"], update["state"]) for update in result.updates] == [
        ("allocator_race", "active"),
        ("timed_port", "unloaded"),
        ("timed_port", "active"),
    ]
    look = next(step for step in result.steps if step.do == "look")
    records: Any = look.values["rows"]
    assert {row["name"] for row in records} == {"port.received"}
    applied = next(step for step in result.steps if step.do == "apply" and step.line)
    traced_ns = look.end_ns - applied.start_ns
    # A message cannot have lain there for longer than its port has known times.
    assert all(row["first"] <= traced_ns for row in records)


@pytest.mark.parametrize("schedule", [Schedule(), Schedule(1)], ids=str)
def test_inside_the_guest(schedule: Schedule) -> None:
    found = run_tests(kernel_with("timed_port"), "timed_port.", schedule)
    assert found.failure == "", f"{found.failure}\n{found.console}"
    assert list(found.results) == [f"timed_port.{name}" for name in GUEST_TESTS.split()]


@pytest.mark.matrix
@pytest.mark.parametrize("schedule", [Schedule(seed) for seed in range(2, 21)], ids=str)
def test_inside_the_guest_from_more_seeds(schedule: Schedule) -> None:
    test_inside_the_guest(schedule)
