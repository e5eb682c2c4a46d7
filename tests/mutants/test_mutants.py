"""Every mutant is caught, and by the test that the table names."""

import shutil
from pathlib import Path
from typing import Final

import pytest
from _pytest.mark import ParameterSet

from tests.guest.source_diff import apply_diff
from tests.guest.support import Schedule, shipped_kernel
from tests.mutants.mutant import DIFFS, Mutant, mutants, read_mutant
from tests.mutants.table import documented, row
from toolchain.paths import installation

SAMPLE: Final = """
    arbiter_freed_at_once blocked_call_goes_to_the_old_object call_at_exception_level entry_reused_at_once
    freed_without_second_wait marker_reads_the_root_late no_wait_in_forward quiescence_of_one_cpu
    recursion_blocked retreat_leaves_the_blocked second_swap_allowed shared_increment_in_two_steps
    trampoline_loses_r10 transfer_on_one_cpu verdict_decided_twice
""".split()
"""Those that ``make test`` runs: quick to build, and caught by one of the first schedules."""

ALL: Final = [
    pytest.param(mutant, id=mutant.name, marks=[] if mutant.name in SAMPLE else pytest.mark.matrix)
    for mutant in mutants()
]
FIRST: Final = 1
"""So many schedules of a sample ``make test`` runs on the unchanged kernel."""


@pytest.mark.parametrize("mutant", ALL)
def test_mutant_is_caught(mutant: Mutant) -> None:
    image = mutant.build()
    assert any(mutant.complaint(image, schedule) for schedule in mutant.schedules)


def first_runs() -> list[ParameterSet]:
    """Each run once, however many mutants it is the first for."""
    runs = {
        (mutant.test, mutant.cpus, schedule): mutant
        for mutant in mutants()
        for schedule in mutant.schedules[:FIRST]
    }
    return [
        pytest.param(mutant, schedule, id=f"{test}-{cpus}-{schedule}")
        for (test, cpus, schedule), mutant in runs.items()
    ]


@pytest.mark.parametrize(("mutant", "schedule"), first_runs())
def test_unchanged_kernel_passes_the_first_schedules(mutant: Mutant, schedule: Schedule) -> None:
    assert mutant.complaint(shipped_kernel(), schedule) == "", str(schedule)


@pytest.mark.matrix
@pytest.mark.parametrize("mutant", [pytest.param(mutant, id=mutant.name) for mutant in mutants()])
def test_unchanged_kernel_passes_every_schedule(mutant: Mutant) -> None:
    for schedule in mutant.schedules[FIRST:]:
        assert mutant.complaint(shipped_kernel(), schedule) == "", str(schedule)


@pytest.mark.parametrize("mutant", [pytest.param(mutant, id=mutant.name) for mutant in mutants()])
def test_mutant_applies(mutant: Mutant, tmp_path: Path) -> None:
    tree = tmp_path / "guest_kernel"
    shutil.copytree(installation().kernel_sources, tree)
    apply_diff(mutant.diff, tree)


def test_table_is_that_of_the_diffs() -> None:
    rows = documented()
    assert [each.name for each in rows] == [mutant.name for mutant in mutants()]
    for each, mutant in zip(rows, mutants(), strict=True):
        caught = int(each.caught.split()[0])
        assert each == row(mutant, caught)
        assert 0 < caught <= len(mutant.schedules)


def test_sample_names_mutants_that_exist() -> None:
    assert {mutant.name for mutant in mutants()} >= set(SAMPLE)


def test_schedules_are_read_in_order() -> None:
    mutant = read_mutant(DIFFS / "ready_thread_moved_while_it_runs.diff")
    assert [str(schedule) for schedule in mutant.schedules[2:5]] == [
        "random 1, held after 360",
        "random 1, held after 400",
        "random 2, held after 280",
    ]
