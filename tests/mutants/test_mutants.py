"""Every mutant is caught, and by the test that the table names."""

from typing import Final

import pytest
from _pytest.mark import ParameterSet

from tests.guest.source_diff import changed_files
from tests.guest.support import Schedule, shipped_kernel
from tests.mutants.mutant import DIFFS, Mutant, mutants, read_mutant
from tests.mutants.table import documented, row
from toolchain.paths import installation

SAMPLE: Final = """
    blocked_call_goes_to_the_old_object entry_reused_at_once freed_without_second_wait
    marker_reads_the_root_late no_wait_in_forward retreat_leaves_the_blocked trampoline_loses_r10
    verdict_decided_twice
""".split()
"""Those that ``make test`` runs: quick to build, and caught by one of the first schedules."""

ALL: Final = [
    pytest.param(mutant, id=mutant.name, marks=[] if mutant.name in SAMPLE else pytest.mark.matrix)
    for mutant in mutants()
]
FIRST: Final = 1
"""So many schedules of a sample the unchanged kernel is run with by itself."""


@pytest.mark.parametrize("mutant", ALL)
def test_mutant_is_caught(mutant: Mutant) -> None:
    image = mutant.build()
    assert any(mutant.complaint(image, schedule) for schedule in mutant.schedules)


def first_runs() -> list[ParameterSet]:
    """Each run once, however many mutants it is the first for; those outside the sample are of the matrix."""
    runs = {
        (mutant.test, mutant.cpus, schedule): mutant
        for mutant in mutants()
        for schedule in mutant.schedules[:FIRST]
    }
    sampled = {mutant.test for mutant in mutants() if mutant.name in SAMPLE}
    return [
        pytest.param(
            mutant,
            schedule,
            id=f"{test}-{cpus}-{schedule}",
            marks=[] if test in sampled else pytest.mark.matrix,
        )
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
def test_mutant_applies(mutant: Mutant) -> None:
    assert changed_files(mutant.diff, installation().kernel_sources)


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
