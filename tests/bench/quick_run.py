"""An experiment in small, run once for all tests of a process."""

from __future__ import annotations

from functools import cache

from emulator.bench.experiment import Experiment, Setting
from emulator.bench.findings import Findings


@cache
def quick_run(experiment: Experiment) -> tuple[Findings, list[str]]:
    """What it found, and the parts that it has told of."""
    told: list[str] = []
    return experiment.run(Setting(quick=True, on_part=told.append)), told


def quick_value(experiment: Experiment, name: str) -> float:
    """A figure that is there."""
    found = quick_run(experiment)[0].figure(name).value
    assert found is not None
    return found
