"""Row 8: a cycle through mutexes and mediators is found, printed and resolved, and the swap succeeds."""

import re

import pytest

from tests.guest.support import Schedule, run_tests, shipped_kernel

BLOCKED = re.compile(r"^deadlock: thread (\d+) is blocked in front of @\d+\.\d+$", re.MULTILINE)
MUTEX = re.compile(r"^deadlock: thread (\d+) waits for a mutex$", re.MULTILINE)


@pytest.mark.parametrize("schedule", [Schedule(), *map(Schedule, range(1, 4))], ids=str)
def test_mutex_cycle_is_printed(schedule: Schedule) -> None:
    test = "swap.blocked_caller_with_a_mutex_that_a_call_inside_wants"
    run = run_tests(shipped_kernel(), test, schedule)
    assert run.failure == ""
    holder, waiter = BLOCKED.findall(run.console), MUTEX.findall(run.console)
    assert len(set(holder)) == len(set(waiter)) == 1
    assert set(holder) != set(waiter)


@pytest.mark.parametrize("schedule", [Schedule(), *map(Schedule, range(1, 4))], ids=str)
def test_crosswise_calls_are_printed(schedule: Schedule) -> None:
    run = run_tests(shipped_kernel(), "swap.two_objects_that_call_each_other", schedule)
    assert run.failure == ""
    assert len(set(BLOCKED.findall(run.console))) == 2


@pytest.mark.parametrize("schedule", [Schedule(), *map(Schedule, range(1, 4))], ids=str)
def test_call_that_merely_waits_is_no_deadlock(schedule: Schedule) -> None:
    run = run_tests(shipped_kernel(), "inside.call_that_merely_waits_is_waited_for", schedule)
    assert run.failure == ""
    assert "deadlock" not in run.console


@pytest.mark.parametrize("schedule", [Schedule(), *map(Schedule, range(1, 4))], ids=str)
def test_deadlock_that_comes_back_ends_the_update_and_is_printed(schedule: Schedule) -> None:
    """Once for each attempt: who is kept out with the mutex, and who is inside and wants it."""
    run = run_tests(shipped_kernel(), "transition.deadlock_that_comes_back_ends_the_update", schedule)
    assert run.failure == ""
    kept_out, inside = BLOCKED.findall(run.console), MUTEX.findall(run.console)
    assert len(kept_out) == len(inside) == 3
    assert len(set(kept_out)) == 1
    assert kept_out[0] not in inside
