"""Row 7: recursion goes through, directly and through another object, and is not taken for a deadlock."""

import pytest

from tests.guest.support import Schedule, run_tests, shipped_kernel


@pytest.mark.parametrize("schedule", [Schedule(), *map(Schedule, range(1, 4))], ids=str)
@pytest.mark.parametrize(
    "test", ["swap.calls_of_a_thread_that_is_inside", "inside.recursion_through_another_object"]
)
def test_recursion_goes_through(test: str, schedule: Schedule) -> None:
    run = run_tests(shipped_kernel(), test, schedule)
    assert run.failure == ""
    assert "deadlock" not in run.console


@pytest.mark.parametrize("schedule", [Schedule(), *map(Schedule, range(1, 4))], ids=str)
def test_through_a_helper_it_ends_by_the_time_limit(schedule: Schedule) -> None:
    test = "swap.call_inside_that_waits_for_a_helper_ends_by_the_time_limit"
    assert run_tests(shipped_kernel(), test, schedule).failure == ""
