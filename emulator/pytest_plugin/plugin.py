"""The hooks and the fixture."""

from __future__ import annotations

import shlex
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from emulator.errors import EvergreenError
from emulator.pytest_plugin.overrides import add_options, as_options, overrides
from emulator.pytest_plugin.scenarios import ScenarioFile, is_scenario
from emulator.pytest_plugin.settings import MARKER, Settings
from emulator.pytest_plugin.story import Story

if TYPE_CHECKING:
    from emulator.system import Machine

_MADE = pytest.StashKey["tuple[Settings, Machine]"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--machine-seed`` and ``--machine-policy``."""
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Announces the marker."""
    config.addinivalue_line("markers", MARKER)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> ScenarioFile | None:
    """Scenario files are tests."""
    return ScenarioFile.from_parent(parent, path=file_path) if is_scenario(file_path) else None


@pytest.fixture
def machine(request: pytest.FixtureRequest) -> Generator[Machine]:
    """A machine of the test's own that is ready, or where its checkpoint was saved.

    The marker ``machine`` says how it is built.
    """
    try:
        settings = Settings.of(request.node, overrides(request.config))
        made = settings.make()
    except EvergreenError as error:
        pytest.fail(str(error), pytrace=False)
    with made:
        request.node.stash[_MADE] = settings, made
        yield made
        del request.node.stash[_MADE]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Adds the machine's story to the report of a test that failed."""
    report = yield
    made = item.stash.get(_MADE, None)
    if report.failed and made is not None:
        report.sections.extend(_story(item, *made).sections())
    return report


def _story(item: pytest.Item, settings: Settings, made: Machine) -> Story:
    seed = settings.said.get("seed", made.config.seed)
    policy = settings.said.get("policy", made.hardware.policy.name)
    command = f"pytest {shlex.quote(item.nodeid)} {as_options(seed, policy)}"
    return Story({**made.report().to_dict(), "seed": seed}, policy, command)
