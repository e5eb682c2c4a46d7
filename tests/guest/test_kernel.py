"""The kernel's own in-guest tests under round robin and random schedules, and what must end in a panic."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest

from emulator.abi.boot import BootFlag
from emulator.abi.panic import PANIC_MAGIC, PanicFrameKind, PanicState
from emulator.machine import CpuState, Policy, Random, RoundRobin, Scripted, StopReason, parse_script
from emulator.monitor.symboliser import Symboliser
from tests.guest.arch_kernels import shipped_image
from tests.guest.arch_machine import KernelMachine, run_guest_tests

MEMORY = 16 << 20
SEEDS = (1, 6, 33, 155)
"""155 once found that a thread whose end had been announced was not yet freed."""
MATRIX_SEEDS = range(1000, 1025)

KERNEL_TESTS = {
    "event": ["freed_by_its_waiter", "sticky", "wakes_all"],
    "format": ["cuts_what_does_not_fit", "numbers", "texts"],
    "frames": ["contiguous", "none_and_too_many"],
    "generation": [
        "blocked_thread_stays_counted",
        "boost_goes_through_a_mutex",
        "counted_are_boosted",
        "counted_threads_are_listed",
        "does_not_wait_for_the_uncounted",
        "held_thread_stays_counted",
        "hundred_waiters_under_a_hog",
        "late_waiter_waits_a_full_round",
        "leaves_where_it_entered",
        "newcomers_do_not_delay",
        "nobody_counted",
        "outer_loop",
        "outer_loop_waits_outside",
        "preempted_thread_stays_counted",
        "storm",
        "waiters_share_a_round",
        "waits_for_the_counted",
    ],
    "heap": [
        "cross_cpu_free",
        "drain_returns_pages",
        "fail_nth",
        "fail_nth_of_chosen_threads_counts_pages",
        "fail_nth_of_everyone",
        "large_is_whole_pages",
        "make_destroy",
        "oom",
        "oom_small",
        "poison",
        "size_classes",
        "size_of_a_block_that_lives",
        "storm",
    ],
    "mutex": [
        "base_priority_changes_what_is_inherited",
        "exclusion",
        "handed_to_the_highest_priority",
        "inheritance",
        "inheritance_beats_a_hog",
        "inheritance_chain",
        "owner",
    ],
    "park": [
        "call_is_made_again",
        "completed_before_the_wait",
        "late_completion_finds_nothing",
        "thread_is_gone",
    ],
    "spinlock": ["count_held", "exclusion"],
    "stack": ["drained", "guard_unmapped", "recycled"],
    "thread": [
        "by_id",
        "create_refuses_nonsense",
        "create_without_memory_for_a_stack",
        "hold",
        "hold_outlasts_a_wakeup",
        "instructions",
        "many",
        "move",
        "moved_while_it_blocks",
        "moved_while_it_runs",
        "preemption_off",
        "priority",
        "round_robin",
        "sleep",
        "sleepers_wake_in_order",
        "storm",
        "wakeup_preempts",
        "wakeup_preempts_other_cpu",
        "yield",
    ],
    "trace": [
        "name_of_a_point_that_has_gone_is_kept_until_the_log_is_read",
        "oldest_records_make_way_and_are_counted",
        "point_that_is_off_writes_nothing",
        "point_that_wrote_nothing_leaves_no_name",
        "record_says_when_who_where_and_what",
    ],
    "wait_queue": [
        "no_lost_wakeup",
        "timeout",
        "timeout_races_wakeup",
        "wakes_the_highest_priority",
        "woken_before_the_deadline",
    ],
}
"""Every test of guest_kernel/kernel/tests: part and names, as they must run."""

PANICS = {
    "allocation_forbidden": "the heap is used where no allocation is allowed",
    "block_with_spin_lock": "assertion failed",
    "counted_thread_waits_for_a_generation": "assertion failed: !current_thread_counted()",
    "double_free": "heap memory is freed twice",
    "mutex_locked_twice": "assertion failed",
    "mutex_unlocked_by_another": "assertion failed: owner() == &thread",
    "quiescent_point_inside_a_call": "a quiescent point is in the outermost frame",
    "spin_lock_twice": "assertion failed",
    "stack_overflow": "kernel stack overflow",
    "use_after_free": "was written to after it was freed",
}
"""What must end in a panic, and words of its message."""


def run_part(part: str, policy: Policy, seed: int = 1, cpus: int = 2) -> list[str]:
    """The test lines that the guest prints for one part."""
    return run_guest_tests(shipped_image(), f"{part}.", cpus, policy, memory=MEMORY, seed=seed)


def expected(part: str) -> list[str]:
    """The lines of a part all of whose tests pass."""
    names = KERNEL_TESTS[part]
    return [f"test {part}.{name} ok" for name in names] + [f"tests: {len(names)} run, 0 failed"]


@pytest.mark.parametrize("part", KERNEL_TESTS)
def test_round_robin(part: str) -> None:
    assert run_part(part, RoundRobin()) == expected(part)


@pytest.mark.parametrize("part", KERNEL_TESTS)
@pytest.mark.parametrize("cpus", [1, 3, 8])
def test_other_numbers_of_cpus(part: str, cpus: int) -> None:
    assert run_part(part, RoundRobin(), cpus=cpus) == expected(part)


@pytest.mark.parametrize("part", KERNEL_TESTS)
@pytest.mark.parametrize("seed", SEEDS)
def test_random_schedules(part: str, seed: int) -> None:
    assert run_part(part, Random(), seed) == expected(part)


@pytest.mark.matrix
@pytest.mark.parametrize("part", KERNEL_TESTS)
@pytest.mark.parametrize("cpus", [2, 4])
def test_many_random_schedules(part: str, cpus: int) -> None:
    for seed in MATRIX_SEEDS:
        assert run_part(part, Random(), seed, cpus) == expected(part), f"seed {seed}"


def panic_of(name: str) -> Mapping[str, Any]:
    """The record of a test that ends in a panic, on two CPUs."""
    arguments = f"tests=panic.{name}"
    with KernelMachine(
        shipped_image(), memory=MEMORY, flags=BootFlag.RUN_TESTS, arguments=arguments
    ) as machine:
        return machine.run_to_panic()


@pytest.mark.parametrize("name", PANICS)
def test_panics(name: str) -> None:
    arguments = f"tests=panic.{name}"
    with KernelMachine(
        shipped_image(), memory=MEMORY, flags=BootFlag.RUN_TESTS, arguments=arguments
    ) as machine:
        record = machine.run_to_panic()
        assert PANICS[name] in record["message"]
        assert record["magic"] == PANIC_MAGIC
        cpu = record["cpu"][record["panicked_cpu"]]
        assert cpu["state"] == PanicState.PANICKED
        assert cpu["frame_kind"][0] == PanicFrameKind.INTERRUPTED
        assert cpu["frame_address"][0] == cpu["nip"]
        assert cpu["frame_count"] >= 3
        other = record["cpu"][1 - record["panicked_cpu"]]
        assert other["state"] == PanicState.STOPPED
        assert other["thread_name"] == "idle"
        where = f"panic on CPU {record['panicked_cpu']} at {record['time_ns']} ns"
        assert f"{where}: {record['message']}" in machine.lines


@pytest.mark.parametrize(
    ("name", "state", "thread"),
    [
        ("other_cpu_spins_for_a_lock", PanicState.STOPPED, "spinner"),
        ("other_cpu_does_not_answer", PanicState.RUNNING, "looper"),
    ],
)
def test_a_panic_shows_a_cpu_with_interrupts_off(name: str, state: PanicState, thread: str) -> None:
    record = panic_of(name)
    assert record["message"].startswith("while CPU 1")
    assert record["panicked_cpu"] == 0
    other = record["cpu"][1]
    assert (other["state"], other["thread_name"]) == (state, thread)
    # No exception has saved its registers; one that notices by itself still shows its frames.
    assert other["vector"] == 0
    assert (other["frame_count"] > 3) == (state is PanicState.STOPPED)


def test_of_two_panics_one_is_reported() -> None:
    record = panic_of("on_two_cpus_at_once")
    assert record["message"] == "one of two"
    states = [record["cpu"][cpu]["state"] for cpu in range(2)]
    assert sorted(states) == [PanicState.PANICKED, PanicState.STOPPED]


FORMAT = "kernel::format"
"""Which the test calls."""
RUN_TEST = "_ZN6kernel12_GLOBAL__N_113run_in_threadEm"
HELD_UNTIL_NS = 10_000_000


@cache
def symbols() -> Symboliser:
    return Symboliser(shipped_image())


def id_of_the_test_thread(arguments: str) -> int:
    """The id of the first thread that runs a test; the same in every run, since runs repeat."""
    for cpu in range(2):
        with KernelMachine(
            shipped_image(), memory=MEMORY, flags=BootFlag.RUN_TESTS, arguments=arguments
        ) as machine:
            script = parse_script(f"turns until {cpu} {RUN_TEST}\nstop", symbols().resolve)
            machine.hardware.use_policy(Scripted(script))
            if machine.run().reason is StopReason.STOPPED:
                return machine.hardware.cpus[cpu].registers["sprg3"]
    raise AssertionError("no test ran")


def test_a_thread_that_the_schedule_holds_is_set_aside_and_goes_on_when_released() -> None:
    arguments = "tests=format.numbers"
    thread = id_of_the_test_thread(arguments)
    with KernelMachine(
        shipped_image(), memory=MEMORY, flags=BootFlag.RUN_TESTS, arguments=arguments
    ) as machine:
        text = f"""
            hold thread {thread} at {FORMAT}
            turns until time {HELD_UNTIL_NS}
            stop
            release thread {thread}
        """
        machine.hardware.use_policy(Scripted(parse_script(text, symbols().resolve)))
        assert machine.run().reason is StopReason.STOPPED
        assert not [line for line in machine.lines if line.startswith("test")]
        # Only the thread is held: both CPUs have nothing to do.
        assert [cpu.state for cpu in machine.hardware.cpus] == [CpuState.IDLE, CpuState.IDLE]
        assert machine.run().reason is StopReason.HALTED
        assert machine.lines[-2:] == ["test format.numbers ok", "tests: 1 run, 0 failed"]
