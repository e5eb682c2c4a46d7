"""Its scenario runs as its page says."""

from __future__ import annotations

from typing import Any

from emulator.scenario.runner import run_scenario
from emulator.scenario.scenario import load_scenario
from toolchain.paths import installation


def test_trace_points_commands_and_tests_come_and_go_with_the_module() -> None:
    result = run_scenario(load_scenario(installation().updates / "traced_counter" / "scenario.toml"))
    assert result.exit_code == 0, result.error
    looks: list[Any] = [step.values["rows"] for step in result.steps if step.do == "look"]
    first, records, again = looks
    added = {row["id"] for row in first if row["module"]}
    assert len(added) == 2
    assert not added & {row["id"] for row in again}
    assert {row["name"] for row in records} == {"counter.incremented"}
    assert {row["cpu"] for row in records} == {0, 1}
