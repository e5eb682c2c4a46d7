"""The object system's own tests, run inside the guest under several schedules."""

from typing import Final

import pytest

from tests.guest.support import LIMIT_NS, Schedule, expect_all_ok, run_tests, shipped_kernel

NAMES: Final = {
    "adapting": """
        caller_held_on_its_way_through_an_adaptor_that_goes
        caller_held_on_its_way_through_an_adaptor_whose_object_goes
        caller_held_on_its_way_to_the_old_object
        caller_held_while_the_object_goes_back
        caller_held_while_two_adaptors_collapse
        caller_held_while_two_adaptors_come_apart
        marked_instance_behind_an_adaptor_is_converted_along_its_chain
    """,
    "adaptor": """
        comes_with_the_object_of_the_new_interface
        counts_every_call
        dead_reference_stays_while_it_is_called
        goes_when_the_last_old_caller_is_updated
        goes_with_its_object
        handlers_add_arguments_answer_and_keep_state
        leaves_no_memory_behind
        map_is_that_of_the_compiled_interfaces
        null_one_costs_18_instructions
        object_goes_back_to_its_old_reference
        of_a_swap_that_fails_never_was
        old_callers_are_answered_as_before
        stacked_ones_collapse
        stands_behind_an_arbiter
        stays_while_code_that_is_no_object_calls_it
        three_versions_up_and_down_and_up
        without_memory_is_refused_and_changes_nothing
    """,
    "arbiter": """
        counts_calls_and_instructions
        goes_with_the_object_it_stands_before
        leaves_no_memory_behind
        nested_calls_return_to_their_callers
        recursion_deeper_than_the_records_goes_through_uncounted
        stands_in_front_of_a_swap_that_was_there_before
        unwinder_sees_through_tracked_calls
    """,
    "classes": """
        newest_version_is_found
        replace_themselves_by_the_next_version_only
    """,
    "demand": """
        a_class_of_another_interface_helps_nobody
        that_cannot_be_passed_on_is_refused_at_once
        those_who_want_the_same_share_one_request
        who_waits_goes_on_when_a_class_has_come
        who_waits_is_told_that_no_update_will_come
        without_memory_is_refused
    """,
    "factory": """
        adopts_what_was_there_before_it
        class_whose_factory_is_not_open_makes_nothing
        creation_reaches_the_root
        creation_without_memory_leaves_nothing
        default_of_a_kind_changes
        every_shipped_class_has_its_instances_tracked
        instance_that_changes_its_class_changes_its_set
        instance_that_fails_to_initialise_is_gone
        is_closed_only_when_it_has_no_instances
        keeps_its_instances_when_it_is_not_swapped
        only_the_next_version_may_follow
        opening_without_memory_leaves_nothing
        successor_has_the_instances_and_makes_the_next_version
        swap_without_memory_changes_nothing
        tracks_what_it_makes_until_it_ends_it
    """,
    "inside": """
        call_that_merely_waits_is_waited_for
        last_call_to_leave_ends_the_block_phase_at_once
        phases_follow_each_other_in_time
        recursion_through_another_object_goes_through
        thread_that_waits_for_a_mutex_stays_counted
        thread_that_waits_for_an_event_stays_counted
        untracked_call_keeps_the_swap_from_going_on
    """,
    "instances": """
        are_at_home_where_they_were_made
        are_in_the_list_they_were_moved_to
        are_taken_in_batches
        cost_little_to_track
        leave_whatever_list_they_are_in
        of_all_lists_but_the_marked_become_old
        stale_name_moves_nothing
        take_no_memory_of_their_own
    """,
    "interfaces": """
        caller_held_on_its_way_to_a_marked_instance_that_is_destroyed
        caller_held_while_its_instance_gets_another_and_goes_back
        callers_are_not_updated_while_an_instance_has_the_old_one
        callers_are_updated_and_the_adaptors_go
        callers_whose_update_fails_call_the_old_one_again
        cancelled_at_any_time_are_as_before_or_new
        chain_of_two_changes_in_every_mode
        each_allocation_that_fails_leaves_the_old_ones
        instance_that_fails_ends_the_update_and_all_have_the_old_one
        object_goes_by_whichever_reference_it_is_destroyed
        of_all_instances_there_and_back
        of_instances_that_are_converted_when_they_are_called
        of_many_instances_share_one_plan_and_go_side_by_side
        of_what_is_created_are_those_of_who_creates_it
        that_come_again_find_the_references_from_before
        what_cannot_be_adapted_is_not_created
        wrong_declarations_are_refused_in_words
    """,
    "interleaving": """
        abort_held_while_the_swap_goes_on
        caller_held_as_it_is_blocked
        caller_held_as_it_is_blocked_at_the_commit
        caller_held_in_the_middle_of_an_increment
        caller_held_on_its_way_through_a_mediator_that_gives_up
        caller_held_on_its_way_through_an_arbiter
        caller_held_on_its_way_through_the_mediator
        caller_held_on_its_way_to_the_old_object
        caller_held_while_another_of_its_cpu_enters
        caller_moved_in_the_middle_of_its_call
        canceller_held_while_the_update_commits
        commit_held_while_the_update_is_cancelled
        creator_held_while_its_factory_is_closed
        creator_held_while_its_factory_is_swapped
        creators_get_entries_of_their_own
        deadlock_search_held_while_the_waits_change
        destroyer_held_while_its_factory_is_swapped
        destroyer_held_while_its_instance_changes_its_class
        destroyer_held_while_its_object_is_swapped
        destroyers_of_one_instance_take_it_out_once
        entry_is_not_reused_under_a_held_caller
        every_cpu_meets_the_mediator
        first_touch_of_a_cpu_during_a_swap
        heap_user_held_as_it_gives_blocks_back
        lazy_caller_held_at_a_mark_that_is_not_in_force
        lazy_caller_held_on_its_way_to_the_old_version
        lazy_conversion_held_while_another_calls
        lazy_conversion_held_while_its_instance_is_destroyed
        lazy_converter_held_while_its_instance_is_destroyed
        lazy_destroyer_held_while_its_instance_is_converted
        lazy_first_caller_held_keeps_nobody_out
        lazy_marker_held_while_others_call
        lazy_storm_of_calls_and_rounds
        leader_held_from_its_commit_on
        marker_held_while_an_arbiter_comes
        marker_held_while_its_instances_are_destroyed
        marker_held_while_its_instances_are_retired
        marker_held_while_swaps_start
        sleeper_woken_and_moved_before_it_has_switched
        starter_held_while_another_swap_comes_and_goes
        starter_held_while_its_object_is_destroyed
        storm_of_calls_swaps_aborts_arbiters_and_moves
        storm_of_creations_destructions_and_factory_swaps
        threads_that_miss_together_share_a_representative
    """,
    "lazy": """
        arbiter_stays_in_front_of_a_marked_instance
        call_before_marks_are_in_force_is_served_by_the_old_version
        call_costs_the_same_instructions_afterwards
        caller_that_waited_for_a_failed_conversion_is_served_by_the_old_version
        cancelled_while_marked_unmarks_without_converting
        chain_of_versions_in_one_call
        chain_over_a_version_that_is_gone_fails
        chain_that_breaks_leaves_the_version_it_reached
        conversion_that_a_swap_waits_for_and_holds_up_is_resolved
        conversion_waits_for_no_generation
        converters_go_on_after_a_failure
        converters_leave_nothing_marked
        converters_stop_after_the_instance_they_are_at
        converts_down_as_well_as_up
        destroy_of_a_marked_instance_converts_nothing
        destroy_of_an_instance_in_conversion_waits
        each_allocation_of_a_conversion_fails_in_turn
        failed_export_leaves_the_old_instance_in_service
        failed_import_leaves_the_old_instance_in_service
        failed_preparation_leaves_the_old_instance_in_service
        fault_in_import_leaves_the_old_instance_in_service
        fault_in_preparation_leaves_the_old_instance_in_service
        first_call_converts
        idle_converters_do_not_run_before_others
        instance_called_by_its_own_conversion_is_promoted
        instance_in_a_swap_is_not_marked
        instance_met_while_another_is_converted_is_promoted
        leaves_no_memory_behind
        many_first_callers_convert_once
        marked_instance_that_is_what_it_is_to_be_is_unmarked_by_its_caller
        marks_of_an_earlier_round_stay_in_force
        no_common_format_leaves_the_old_instance_in_service
        no_cpu_calls_the_old_version_once_marks_are_in_force
        promoted_instance_is_swapped_with_its_callers_inside
        second_caller_of_an_instance_waits_and_others_do_not
        shares_of_all_cpus_are_carried_over
        small_transfer_needs_no_allocation
        swap_of_a_marked_instance_is_refused
        transfer_that_outgrows_what_was_lent_has_memory_of_its_own
        two_instances_in_conversion_call_each_other
    """,
    "names": """
        are_limited
        do_not_pass_to_the_next_object_in_an_entry
        given_found_and_forgotten
    """,
    "objects": """
        call_on_a_destroyed_object_is_refused
        creation_without_memory_leaves_nothing
        entry_is_reused_only_after_a_generation
        every_object_tells_class_and_reference
        first_call_fills_the_entry
        interposer_for_a_root_that_was_replaced_is_refused
    """,
    "swap": """
        aborted_in_forward_ends_at_once_for_callers
        aborted_in_transfer_keeps_callers_out_until_it_is_over
        arena_grows_with_the_object
        arena_holds_what_was_reserved
        block_phase_ends_at_its_time_limit
        blocked_caller_with_a_mutex_that_a_call_inside_wants
        call_costs_the_same_instructions_afterwards
        call_inside_that_waits_for_a_helper_ends_by_the_time_limit
        call_that_was_blocked_goes_on_at_the_new_object
        calls_of_a_thread_that_is_inside_go_through
        counter_changes_between_shared_and_partitioned
        deadlock_behind_a_crowd_of_blocked_callers
        entry_leads_straight_to_the_new_object
        failed_export_leaves_the_old_object_in_service
        failed_import_leaves_the_old_object_in_service
        faulting_import_leaves_the_old_object_in_service
        for_another_kind_of_interface_is_refused
        hundred_swaps_share_the_waits_for_a_generation
        leaves_no_memory_behind
        object_destroyed_in_block_dies_as_the_new_one
        object_destroyed_in_forward_ends_the_swap
        of_an_object_that_no_cpu_has_touched
        ownership_moves_at_the_commit_and_only_then
        refused_one_leaves_no_memory_behind
        second_swap_of_the_object_is_refused
        state_and_reference_survive
        takes_the_format_that_the_old_class_prefers
        thread_that_is_waited_for_outruns_a_hog
        two_objects_that_call_each_other
        under_an_arbiter_is_seen_through_it
        waits_in_forward_for_who_was_inside_before
        without_a_common_format_is_refused
        without_memory_is_refused_and_changes_nothing
    """,
    "transition": """
        cancelled_at_any_time_is_either_cancelled_or_active
        conversion_that_fails_late_is_not_taken_along_to_the_next_aim
        deadlock_that_comes_back_ends_the_update
        each_allocation_that_fails_leaves_the_old_version
        each_allocation_that_fails_on_the_way_back_is_tried_again
        instance_that_fails_ends_it_and_the_others_come_back
        lazy_one_on_top_of_a_lazy_one_is_one_conversion
        older_one_is_superseded_and_comes_back
        older_one_with_an_instance_left_is_not_reverted_beneath_a_newer_one
        only_the_next_version_may_follow
        second_one_of_the_class_is_refused
        swap_that_failed_towards_an_earlier_aim_counts_no_more
        there_and_back
        time_limit_holds_while_a_hog_runs
        way_back_that_fails_is_stuck_until_it_does_not
        what_cannot_be_undone_is_neither_cancelled_nor_reverted
    """,
    "updates": """
        change_only_to_states_that_follow
    """,
}

RULES: Final = {
    "object_called_at_exception_level": "!kernel::in_exception_level()",
    "object_called_by_an_uncounted_thread": "kernel::current_thread_counted()",
    "object_called_with_a_spin_lock": "kernel::spin_locks_held() == 0",
    "object_called_without_preemption": "kernel::preemption_enabled()",
}

ROUND_ROBIN: Final = Schedule()
NAMED_SEEDS: Final = [Schedule(seed) for seed in (1, 2, 3)]
MORE_CPUS_LIMIT_NS: Final = 2 * LIMIT_NS
"""What fails each allocation in turn has more of them there: `transition` takes 475 ms with eight CPUs."""
MORE_SEEDS: Final = [Schedule(seed) for seed in range(4, 21)]


@pytest.mark.parametrize(
    "schedule",
    [
        ROUND_ROBIN,
        NAMED_SEEDS[0],
        *(pytest.param(each, marks=pytest.mark.matrix) for each in NAMED_SEEDS[1:]),
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", NAMES)
def test_inside_the_guest(kind: str, schedule: Schedule) -> None:
    expect_all_ok(kind, NAMES[kind], schedule)


@pytest.mark.parametrize(
    ("kind", "cpus"),
    [
        pytest.param(kind, cpus, marks=pytest.mark.matrix if cpus == 8 else ())
        for kind in NAMES
        for cpus in (3, 8)
    ],
)
def test_on_more_cpus(kind: str, cpus: int) -> None:
    expect_all_ok(kind, NAMES[kind], Schedule(seed=1), cpus, MORE_CPUS_LIMIT_NS)


@pytest.mark.matrix
@pytest.mark.parametrize("schedule", MORE_SEEDS, ids=str)
@pytest.mark.parametrize("kind", NAMES)
def test_from_more_seeds(kind: str, schedule: Schedule) -> None:
    expect_all_ok(kind, NAMES[kind], schedule)


@pytest.mark.matrix
@pytest.mark.parametrize("cpus", [1, 3, 4, 5, 6, 7, 8])
@pytest.mark.parametrize("schedule", [ROUND_ROBIN, *NAMED_SEEDS], ids=str)
@pytest.mark.parametrize("kind", NAMES)
def test_on_every_number_of_cpus(kind: str, schedule: Schedule, cpus: int) -> None:
    expect_all_ok(kind, NAMES[kind], schedule, cpus, MORE_CPUS_LIMIT_NS)


@pytest.mark.parametrize("name", RULES)
def test_call_that_breaks_a_rule_is_a_panic(name: str) -> None:
    run = run_tests(shipped_kernel(), f"panic.{name}", ROUND_ROBIN)
    assert run.panic.endswith(f"assertion failed: {RULES[name]}")


def test_export_that_allocates_is_a_panic() -> None:
    run = run_tests(shipped_kernel(), "panic.export_that_allocates", ROUND_ROBIN)
    assert run.panic == "the heap is used where no allocation is allowed"
