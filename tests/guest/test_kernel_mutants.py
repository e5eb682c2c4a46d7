"""Kernels with one mistake each: the in-guest tests must find every one of them."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
from _pytest.mark.structures import ParameterSet

from emulator.abi.boot import BootFlag
from emulator.machine import Policy, Random, RoundRobin, StopReason
from emulator.machine.policy import DEFAULT_QUANTUM, Directive, DirectiveKind
from tests.guest.arch_kernels import shipped_image
from tests.guest.arch_machine import KernelMachine, symbols_of
from tests.guest.source_diff import DiffDoesNotApply, apply_diff, changed_files
from tests.guest.test_kernel import MEMORY, expected
from toolchain.kernel import build_kernel
from toolchain.paths import installation

DIFFS = Path(__file__).parent / "kernel_mutants"
LIMIT_NS = 300_000_000
"""Several times what a part takes when nothing is wrong: a part that has not ended by then hangs."""
SEEDS = range(1, 13)
"""Of the random schedules, for mutants that round robin does not find."""
PAUSE = 5_000
"""Instructions: enough for the other CPU to take a message, switch threads and run the new one a little."""


class Row(NamedTuple):
    """How a mutant is found."""

    test: str
    """The first test of its part that does not pass."""
    seeds: int = 0
    """In how many of SEEDS at least; 0: under round robin, or as ``pause`` says."""
    pause: str = ""
    """CPU 0 pauses whenever it comes to this function: for a window that other schedules hit by chance."""
    panic: str = ""
    """Words of the panic by which it is found, where that is not what the test itself says."""


class Pauses(Policy):
    """Round robin, but that CPU 0 is held at an address, each time, while CPU 1 goes on alone."""

    def __init__(self, address: int) -> None:
        self._round = (
            Directive(DirectiveKind.TURNS_UNTIL, cpu=0, amount=DEFAULT_QUANTUM, address=address),
            Directive(DirectiveKind.HOLD_CPU, cpu=0),
            Directive(DirectiveKind.RUN, cpu=1, amount=PAUSE),
            Directive(DirectiveKind.RELEASE_CPU, cpu=0),
        )

    @property
    def name(self) -> str:
        return "pauses"

    def directives(self) -> Sequence[Directive]:
        return self._round


CAUGHT_BY = {
    "blocked_after_the_lock": Row("wait_queue.no_lost_wakeup", seeds=3),
    "boost_lost_before_telling": Row("generation.counted_are_boosted"),
    "counted_not_boosted": Row("generation.boost_goes_through_a_mutex"),
    "empty_slabs_kept": Row("heap.drain_returns_pages"),
    # No test begins: the heap's own check ends the boot at the first block that is used again.
    "freed_memory_not_poisoned": Row("heap.cross_cpu_free", panic="was written to after it was freed"),
    "generation_left_on_the_wrong_cpu": Row("generation.leaves_where_it_entered"),
    "generation_left_while_blocked": Row("generation.blocked_thread_stays_counted"),
    "generation_not_awaited": Row("generation.blocked_thread_stays_counted"),
    "hold_forgotten_at_wakeup": Row("thread.hold_outlasts_a_wakeup"),
    "inheritance_stops_at_one": Row("mutex.base_priority_changes_what_is_inherited"),
    "late_waiter_joins_the_round": Row("generation.late_waiter_waits_a_full_round"),
    "moved_before_it_is_saved": Row("thread.move", pause="switch_context"),
    "mutex_handed_to_the_first": Row("mutex.handed_to_the_highest_priority"),
    "no_inheritance": Row("mutex.base_priority_changes_what_is_inherited"),
    "outer_loop_stays_counted": Row("park.call_is_made_again"),
    "remote_cpu_not_told": Row("thread.by_id"),
    "round_for_every_waiter": Row("generation.hundred_waiters_under_a_hog"),
    "slices_never_end": Row("thread.round_robin"),
    "spin_lock_not_atomic": Row("spinlock.exclusion", seeds=3),
    "stack_guard_mapped": Row("stack.guard_unmapped"),
    "ticket_ids_repeat": Row("park.late_completion_finds_nothing"),
}
SAMPLE = {"generation_left_while_blocked", "generation_not_awaited", "late_waiter_joins_the_round"}
"""The mutants that every run of the suite builds."""


def mutated_kernel(name: str, tree: Path) -> bytes:
    """The image of the kernel with one diff applied to a copy of its sources in ``tree``."""
    shutil.copytree(installation().kernel_sources, tree)
    apply_diff(DIFFS / f"{name}.diff", tree)
    return build_kernel(tree).path.read_bytes()


def first_failure(image: bytes, part: str, policy: Policy, seed: int, panic: str = "") -> str | None:
    """The first test of a part that does not print its ``ok``, in a run with that panic; None when all do."""
    with KernelMachine(
        image,
        memory=MEMORY,
        flags=BootFlag.RUN_TESTS,
        arguments=f"tests={part}.",
        policy=policy,
        seed=seed,
    ) as machine:
        stop = machine.run(deadline_ns=LIMIT_NS)
        lines = {line for line in machine.lines if line.startswith("test")}
        missing = [line for line in expected(part)[:-1] if line not in lines]
        if missing and panic and not any(panic in line for line in machine.lines):
            return f"no panic: {panic}"
        if missing:
            return missing[0].split()[1]
        return None if stop.reason is StopReason.HALTED else "the end"


def mutants() -> list[ParameterSet]:
    """Every mutant of the table; those outside the sample belong to the whole matrix."""
    return [pytest.param(name, marks=() if name in SAMPLE else pytest.mark.matrix) for name in CAUGHT_BY]


def test_every_mutant_has_its_row() -> None:
    assert {path.stem for path in DIFFS.glob("*.diff")} == set(CAUGHT_BY)


@pytest.mark.parametrize("name", CAUGHT_BY)
def test_mutant_still_applies(name: str) -> None:
    assert changed_files(DIFFS / f"{name}.diff", installation().kernel_sources)


@pytest.mark.parametrize("name", mutants())
def test_mutant_is_caught(name: str, tmp_path: Path) -> None:
    image = mutated_kernel(name, tmp_path / "guest_kernel")
    test, seeds, pause, panic = CAUGHT_BY[name]
    part = test.split(".")[0]
    if seeds == 0:
        policy = Pauses(symbols_of(image)[pause]) if pause else RoundRobin()
        assert first_failure(image, part, policy, 1, panic) == test
    else:
        found = [seed for seed in SEEDS if first_failure(image, part, Random(), seed) == test]
        assert len(found) >= seeds, f"found in the schedules of seeds {found}"


@pytest.mark.parametrize("name", [name for name, row in CAUGHT_BY.items() if row.pause])
def test_unchanged_kernel_passes_with_the_pauses(name: str) -> None:
    test, _, pause, _ = CAUGHT_BY[name]
    policy = Pauses(symbols_of(shipped_image())[pause])
    assert first_failure(shipped_image(), test.split(".")[0], policy, 1) is None


def test_a_diff_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "kernel" / "mutex.cpp"
    source.parent.mkdir()
    source.write_text("something else\n")
    with pytest.raises(DiffDoesNotApply, match=r"mutex.cpp line \d+: the source has changed"):
        apply_diff(_changes("kernel/mutex.cpp", tmp_path), tmp_path)


def _changes(file: str, directory: Path) -> Path:
    diff = directory / "small.diff"
    diff.write_text(f"--- a/{file}\n+++ b/{file}\n@@ -3,1 +3,1 @@\n-before\n+after\n")
    return diff
