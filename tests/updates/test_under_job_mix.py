"""Each of the five updates at eight clients of the job mix: applied, taken back under load, applied again.

No job fails, what was done is what the objects have counted, and the disk has every block as it was written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

import pytest

from emulator.scenario.result import RunResult
from emulator.workload import JOB_MIX
from tests.updates.job_mix import SUBJECTS, Subject, looks, run

CASES: Final = [
    pytest.param(subject, mode, id=f"{subject.update}-{mode}")
    for subject in SUBJECTS
    for mode in subject.modes
]


def expect_no_job_failed(result: RunResult) -> None:
    assert result.error is None, f"{result.error}\n{result.machine['console']}"
    mix = next(part for part in result.workload["parts"] if part["name"] == JOB_MIX)
    assert (mix["errors"], mix["running"]) == (0, 0)
    assert all(kind["done"] and not kind["wrong"] and not kind["refused"] for kind in mix["kinds"].values())
    assert sum(kind["done"] for kind in mix["kinds"].values()) == mix["operations"]
    done = [row["operations"] for (row,) in looks(result, f"workload of {JOB_MIX}")]
    assert all(later > earlier for earlier, later in pairwise(done))


def expect_files_on_disk(result: RunResult) -> None:
    mix = next(part for part in result.workload["parts"] if part["name"] == JOB_MIX)
    assert mix["kept"]["files"] > 0
    expected = f"all {mix['kept']['files']} of {JOB_MIX} as its clients wrote them"
    assert result.steps[-1].text.endswith(expected)


def states(rows: Sequence[Mapping[str, Any]], subject: Subject) -> list[tuple[str, str]]:
    """Of the modules of the update; those before it are not its."""
    return [(row["name"], row["state"]) for row in rows if row["name"] in subject.modules]


def expect_there_and_back(result: RunResult, subject: Subject) -> None:
    applied, reverted, again = looks(result, "updates")
    active = [(name, "active") for name in subject.modules]
    unloaded = [(name, "unloaded") for name in subject.modules]
    assert states(applied, subject) == active
    assert states(reverted, subject) == unloaded
    assert states(again, subject) == unloaded + active
    assert all(row["failed"] == 0 for rows in (applied, reverted, again) for row in rows)
    assert looks(result, "adaptors") == [[]]


def expect_all_converted(result: RunResult, subject: Subject) -> None:
    *_, last = looks(result, "updates")
    assert all(row["unconverted"] == 0 for row in last)
    (classes,) = looks(result, "classes")
    for name, version in subject.classes.items():
        versions = {row["version"] for row in classes if row["name"] == name and row["instances"]}
        assert versions <= {version}, name


@pytest.mark.parametrize(("subject", "mode"), CASES)
def test_no_client_notices(subject: Subject, mode: str, seed: int = 1, policy: str = "round-robin") -> None:
    result = run(subject, mode, seed, policy)
    expect_no_job_failed(result)
    expect_files_on_disk(result)
    expect_there_and_back(result, subject)
    expect_all_converted(result, subject)


@pytest.mark.matrix
@pytest.mark.parametrize("policy", ["round-robin", "random"])
@pytest.mark.parametrize("seed", range(1, 21))
@pytest.mark.parametrize(("subject", "mode"), CASES)
def test_over_seeds(subject: Subject, mode: str, seed: int, policy: str) -> None:
    test_no_client_notices(subject, mode, seed, policy)
