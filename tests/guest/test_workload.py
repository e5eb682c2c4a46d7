"""Swaps under load, run inside the guest: nothing is lost, whatever the schedule."""

from typing import Final

import pytest

from tests.guest.support import Schedule, expect_all_ok

NAMES: Final = "two_hundred_swaps_under_load_lose_nothing"
SEEDS: Final = [Schedule(seed) for seed in range(1, 21)]


@pytest.mark.parametrize("schedule", [Schedule(), *SEEDS[:3]], ids=str)
def test_nothing_is_lost(schedule: Schedule) -> None:
    expect_all_ok("counting", NAMES, schedule)


@pytest.mark.matrix
@pytest.mark.parametrize("schedule", SEEDS[3:], ids=str)
def test_nothing_is_lost_from_more_seeds(schedule: Schedule) -> None:
    expect_all_ok("counting", NAMES, schedule)


@pytest.mark.matrix
@pytest.mark.parametrize("cpus", [1, 3, 8])
@pytest.mark.parametrize("schedule", [Schedule(), *SEEDS[:5]], ids=str)
def test_nothing_is_lost_on_other_numbers_of_cpus(schedule: Schedule, cpus: int) -> None:
    expect_all_ok("counting", NAMES, schedule, cpus)
