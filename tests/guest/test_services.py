"""The services' own tests, run inside the guest."""

from typing import Final

import pytest

from tests.guest.support import LIMIT_NS, Schedule, expect_all_ok

NAMES: Final = {
    "block_cache": """
        disk_answers_while_the_cache_is_in_block
        parked_calls_survive_a_swap
        two_readers_of_a_block_share_one_transfer
    """,
    "block_space": """
        freed_block_waits_for_its_transaction
        freed_block_with_an_image_in_the_log_waits_until_that_is_empty
    """,
    "file_cache": """
        caches_wait_for_no_other_that_is_held_up
        closing_the_last_window_starts_a_sync
        closing_writes_what_is_dirty
        dirty_pages_are_written_when_memory_is_short
        failed_read_is_told_and_tried_again
        failed_write_is_told_and_the_page_stays_dirty
        fault_under_way_survives_a_swap
        forced_sync_waits_behind_unforced_ones
        forced_sync_writes_pages_then_metadata
        page_is_unmapped_everywhere_before_it_is_written
        page_on_its_way_is_not_given_back
        page_stored_to_while_it_is_written_is_written_again
        program_reads_and_writes_a_mapped_file
        syncs_under_way_survive_a_swap
        touch_beyond_the_end_is_refused
        two_who_want_a_page_share_its_transfer
        writing_makes_longer_and_truncating_shorter
    """,
    "files": """
        directory_of_many_names
        file_system_is_replaced_while_its_calls_are_parked
        names_are_found_and_removed
        open_file_is_replaced_while_its_calls_are_parked
        openings_are_counted
        pages_come_back
        removed_while_open_lives_until_it_is_closed
        shorter_file_gives_blocks_back
        sync_waits_for_no_later_change_of_the_file
    """,
    "mapped_file": """
        cache_is_swapped_while_the_disk_works
        last_close_writes_what_is_dirty
        removed_one_is_not_written_when_it_is_closed
        touches_reach_the_disk_and_come_back
    """,
    "memory": """
        address_spaces_are_made_when_the_frame_pool_is_empty
        clean_pages_are_taken_back_when_memory_is_short
        every_failed_allocation_leaves_nothing_behind
        every_object_is_swapped_under_faults
        fresh_memory_is_zero
        kernel_pages_are_mapped_when_the_frame_pool_is_empty
        program_touches_anonymous_memory
        root_takes_pages_back_from_other_leaves
        store_to_a_clean_page_makes_it_dirty
        store_to_what_is_to_be_read_is_refused
        touch_outside_every_region_is_refused
        truncated_memory_reads_as_zeros
        two_programs_fault_on_the_same_pages
        unmapping_what_is_not_mapped_still_synchronises
    """,
    "partial_transfer": """
        of_a_block_cache_changes_nothing
        of_a_counter_changes_nothing
        of_a_page_allocator_changes_nothing
    """,
    "port": """
        destroyed_one_lets_its_waiters_go
        leaves_no_memory_behind
        messages_arrive_in_order
        receive_swap_send
        sender_waits_while_it_is_full_and_is_carried_over
        swaps_under_traffic_lose_nothing
    """,
    "process": """
        changes_class_under_faults_of_two_cpus
        changes_from_one_class_to_the_other
        creation_without_memory_leaves_nothing
        default_class_is_changed_while_running
        detached_region_is_forgotten_on_every_cpu
        made_and_destroyed_in_number_leave_nothing
        program_runs_in_a_replicated_one
        program_runs_in_a_shared_one
        region_that_overlaps_is_refused
    """,
}
SEEDS: Final = [Schedule(seed) for seed in range(1, 21)]


@pytest.mark.parametrize(
    "schedule",
    [Schedule(), SEEDS[0], *(pytest.param(each, marks=pytest.mark.matrix) for each in SEEDS[1:3])],
    ids=str,
)
@pytest.mark.parametrize("kind", NAMES)
def test_inside_the_guest(kind: str, schedule: Schedule) -> None:
    expect_all_ok(kind, NAMES[kind], schedule)


def test_ten_thousand_open_files() -> None:
    expect_all_ok("many_files", "ten_thousand_are_open_at_a_time", Schedule(), limit_ns=LIMIT_NS * 4)


@pytest.mark.matrix
@pytest.mark.parametrize("cpus", [1, 2, 3])
@pytest.mark.parametrize("schedule", SEEDS[3:], ids=str)
@pytest.mark.parametrize("kind", NAMES)
def test_from_more_seeds(kind: str, schedule: Schedule, cpus: int) -> None:
    expect_all_ok(kind, NAMES[kind], schedule, cpus)
