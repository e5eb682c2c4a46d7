"""Kernels whose architecture part has one mistake each: the tests beside this one must find every one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.guest import test_arch_boot, test_arch_faults, test_arch_interrupts
from tests.guest.arch_kernels import extended_image_of
from tests.guest.source_diff import apply_diff, changed_files
from toolchain.paths import installation

DIFFS = Path(__file__).parent / "arch_mutants"
DECREMENTER = test_arch_interrupts.DECREMENTER
SYSTEM_RESET = test_arch_interrupts.SYSTEM_RESET

Check = Callable[[], None]


def in_guest(group: str, cpus: int = 2) -> Check:
    """The in-guest tests of a group."""
    return lambda: test_arch_boot.test_in_guest_tests_pass(group=group, cpus=cpus)


def fault(name: str) -> Check:
    """A fault that must end in its panic."""
    return lambda: test_arch_faults.test_a_fault_panics_and_says_what(name)


def interrupted_anywhere() -> None:
    """An interrupt at every instruction of a loop."""
    test_arch_interrupts.test_registers_survive_an_interrupt_at_every_instruction(DECREMENTER)


restored = test_arch_interrupts.test_everything_is_restored_from_the_frame
switched = test_arch_interrupts.test_registers_survive_switches_of_threads


def reset_in(vector: int) -> Check:
    """A reset at every instruction of an exception."""
    check = test_arch_interrupts.test_a_reset_at_any_instruction_of_an_exception_changes_nothing
    return lambda: check(vector)


reset_in_call = test_arch_interrupts.test_a_reset_at_any_instruction_of_a_system_call_changes_nothing
reset_when_full = test_arch_interrupts.test_a_reset_at_any_instruction_of_a_reset_survives_a_full_stack

CAUGHT_BY: dict[str, Check] = {
    "address_space_leaks": in_guest("problem_state"),
    "address_space_not_switched": in_guest("problem_state"),
    "boot_stack_guard_mapped": in_guest("mmu"),
    "bounds_changed_under_a_reset": reset_in(SYSTEM_RESET),
    "bounds_restored_under_a_reset": reset_when_full,
    "copies_reach_the_kernel": in_guest("problem_state"),
    "cr_not_restored": restored,
    "ctr_not_restored": restored,
    "emergency_stack_reused": reset_when_full,
    "entry_can_be_reset": reset_in(DECREMENTER),
    "fault_in_a_copy_panics": in_guest("problem_state"),
    "full_stack_forgotten": reset_when_full,
    "frame_left_below_the_stack": reset_in_call,
    "kernel_pages_open": in_guest("problem_state"),
    "kernel_runs_user_text": fault("call_user"),
    "linear_map_writes_text": fault("store_text_alias"),
    "pages_stay_in_other_tlbs": in_guest("cross_cpu"),
    "program_keeps_its_first_cpus_stack": in_guest("cross_cpu"),
    "red_zone_overwritten": interrupted_anywhere,
    "return_can_be_reset": reset_in(DECREMENTER),
    "stack_not_checked_above": fault("high_stack"),
    "stack_not_checked_below": fault("wild_stack"),
    "switch_loses_a_register": switched,
    "user_pages_privileged": in_guest("problem_state"),
    "writable_alias_of_text": in_guest("mmu"),
    "xer_not_restored": restored,
}


@pytest.mark.matrix
@pytest.mark.parametrize("name", CAUGHT_BY)
def test_mutant_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    image = extended_image_of(lambda tree: apply_diff(DIFFS / f"{name}.diff", tree))
    for module in (test_arch_boot, test_arch_faults, test_arch_interrupts):
        for function in ("shipped_image", "extended_image"):
            monkeypatch.setattr(module, function, lambda: image, raising=False)
    with pytest.raises(AssertionError):
        CAUGHT_BY[name]()


@pytest.mark.parametrize("name", CAUGHT_BY)
def test_mutant_still_applies(name: str) -> None:
    assert changed_files(DIFFS / f"{name}.diff", installation().kernel_sources)


def test_the_table_names_every_mutant() -> None:
    assert set(CAUGHT_BY) == {path.stem for path in DIFFS.glob("*.diff")}
