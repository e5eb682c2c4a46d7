"""Scenario files as tests: each ``scenario.toml`` and ``NAME.scenario.toml`` that is collected is one."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import pytest

from emulator.errors import EvergreenError, UsageError
from emulator.pytest_plugin.overrides import Overrides, overrides
from emulator.pytest_plugin.story import Story

if TYPE_CHECKING:
    from emulator.scenario.result import RunResult
    from emulator.scenario.scenario import Scenario

_SUFFIX: Final = "scenario.toml"


class ScenarioFailed(Exception):
    """A run that did not end as its scenario says."""


class ScenarioFile(pytest.File):
    """A file with one test. What is wrong in it is an error of collection, in a line."""

    def collect(self) -> Iterator[ScenarioTest]:
        """The test."""
        from emulator.scenario.scenario import load_scenario

        try:
            scenario = load_scenario(self.path)
            given = overrides(self.config)
            scenario = scenario.with_flags(seed=given.seed, policy=given.policy)
        except UsageError as error:
            raise self.CollectError(str(error)) from None
        name = self.path.name.removesuffix(_SUFFIX).rstrip(".") or self.path.parent.name
        yield ScenarioTest.from_parent(self, name=name, scenario=scenario)


class ScenarioTest(pytest.Item):
    """Runs the scenario from its first step to its last, or to the first that fails."""

    def __init__(self, *, scenario: Scenario, **rest: Any) -> None:  # noqa: ANN401
        super().__init__(**rest)
        self._scenario = scenario

    @classmethod
    def from_parent(cls, parent: pytest.Collector, **rest: Any) -> Self:  # noqa: ANN401
        """As pytest makes nodes."""
        made: Self = super().from_parent(parent, **rest)
        return made

    def runtest(self) -> None:
        """Raises ScenarioFailed."""
        from emulator.scenario.runner import run_scenario

        result = run_scenario(self._scenario)
        if result.error is not None:
            for title, text in self._story(result).sections():
                self.add_report_section("call", title, text)
            raise ScenarioFailed(result.error)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> str:  # noqa: ANN401
        """The line that names step and cause; a defect with its traceback."""
        if isinstance(excinfo.value, ScenarioFailed | EvergreenError):
            return f"{self.path}: {excinfo.value}"
        return str(super().repr_failure(excinfo, style))

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where it is."""
        return self.path, 0, f"scenario {self.name}"

    def _story(self, result: RunResult) -> Story:
        return Story(result.machine, self._policy(), self._command(overrides(self.config)))

    def _policy(self) -> str:
        return "of the checkpoint" if self._scenario.restored else self._scenario.machine.policy

    def _command(self, given: Overrides) -> str:
        flags = [("--seed", given.seed), ("--policy", given.policy)]
        said = [word for name, value in flags if value is not None for word in (name, str(value))]
        return shlex.join(["evergreen", "run", str(self.path), *said])


def is_scenario(path: Path) -> bool:
    """By its name."""
    return path.name == _SUFFIX or path.name.endswith(f".{_SUFFIX}")
