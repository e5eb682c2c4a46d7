"""The services' own tests, run inside the guest."""

from typing import Final

import pytest

from tests.guest.support import Schedule, expect_all_ok

NAMES: Final = {
    "block_cache": """
        disk_answers_while_the_cache_is_in_block
        parked_calls_survive_a_swap
        two_readers_of_a_block_share_one_transfer
    """,
    "partial_transfer": """
        of_a_block_cache_changes_nothing
        of_a_counter_changes_nothing
        of_a_page_allocator_changes_nothing
    """,
}
SEEDS: Final = [Schedule(seed) for seed in range(1, 21)]


@pytest.mark.parametrize("schedule", [Schedule(), *SEEDS[:3]], ids=str)
@pytest.mark.parametrize("kind", NAMES)
def test_inside_the_guest(kind: str, schedule: Schedule) -> None:
    expect_all_ok(kind, NAMES[kind], schedule)


@pytest.mark.matrix
@pytest.mark.parametrize("cpus", [1, 2, 3])
@pytest.mark.parametrize("schedule", SEEDS[3:], ids=str)
@pytest.mark.parametrize("kind", NAMES)
def test_from_more_seeds(kind: str, schedule: Schedule, cpus: int) -> None:
    expect_all_ok(kind, NAMES[kind], schedule, cpus)
