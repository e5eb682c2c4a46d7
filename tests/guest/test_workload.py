"""What loads the system, run inside the guest: every answer is right, whatever the schedule."""

from typing import Final

import pytest

from tests.guest.support import Schedule, expect_all_ok

NAMES: Final = {
    "counting": """
        two_hundred_swaps_under_load_lose_nothing
    """,
    "job": """
        dropped_in_the_middle_runs_its_destructors
        ends_at_a_required_call_that_fails
        makes_a_parked_call_again
        without_a_parked_call_ends_at_once
        without_memory_is_refused
    """,
    "job_mix": """
        does_jobs_of_every_kind_without_an_error
        leaves_no_memory_behind
    """,
}
SEEDS: Final = [Schedule(seed) for seed in range(1, 21)]


@pytest.mark.parametrize("schedule", [Schedule(), *SEEDS[:3]], ids=str)
@pytest.mark.parametrize("kind", NAMES)
def test_inside_the_guest(kind: str, schedule: Schedule) -> None:
    expect_all_ok(kind, NAMES[kind], schedule)


@pytest.mark.matrix
@pytest.mark.parametrize("schedule", SEEDS[3:], ids=str)
@pytest.mark.parametrize("kind", NAMES)
def test_from_more_seeds(kind: str, schedule: Schedule) -> None:
    expect_all_ok(kind, NAMES[kind], schedule)


@pytest.mark.matrix
@pytest.mark.parametrize("cpus", [1, 3, 8])
@pytest.mark.parametrize("schedule", [Schedule(), *SEEDS[:5]], ids=str)
@pytest.mark.parametrize("kind", NAMES)
def test_on_other_numbers_of_cpus(kind: str, schedule: Schedule, cpus: int) -> None:
    expect_all_ok(kind, NAMES[kind], schedule, cpus)
