"""Row 9: the disk answers while the cache's object is in block: it posts to a thread and calls no object.

The disk itself is a driver and no object; its client, the block cache, is one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import pytest

from emulator import Machine, SystemConfig
from emulator.abi.marks import DiskMark
from emulator.machine import StopReason, Until
from emulator.monitor.backtrace import cpu_stack
from tests.guest.support import LIMIT_NS, Schedule, shipped_kernel

TEST: Final = "block_cache.disk_answers_while_the_cache_is_in_block"
INTERRUPTED_CPU: Final = 0
_STEPS_MAX: Final = 5_000
_OBJECTS: Final = ("objects::", "objects_", "services::ListedBlockCache", "services::HashedBlockCache")
"""How the names begin of what exception level must not enter: the way through a reference, and the cache."""


@dataclass(frozen=True)
class Completion:
    """One run of the cache's completion handler."""

    marks: tuple[int, ...]
    """What the test had marked by then."""
    callers: tuple[str, ...]
    """Functions on the stack, innermost first."""
    entered: frozenset[str]
    """Functions that the CPU was in from there on until the handler returned."""


def completions(machine: Machine) -> Iterator[Completion]:
    """Runs to the end, and stops at each completion of a block of a cache."""
    handler = machine.symbols.address("services::CachedBlock::read_done")
    cpu = machine.cpus[INTERRUPTED_CPU]
    while machine.run(Until(deadline_ns=LIMIT_NS, cpu=cpu.id, address=handler)).reached:
        marks = tuple(mark.id for mark in machine.marks)
        stack = cpu_stack(cpu, machine.symbols)
        callers = tuple(machine.symbols.locate(address, is_return=True).symbol for _, address in stack[1:])
        yield Completion(marks, callers, frozenset(_until_return(machine)))


def _until_return(machine: Machine) -> Iterator[str]:
    """The function of each instruction, one after the other, until the handler is back in its caller."""
    cpu = machine.cpus[INTERRUPTED_CPU]
    back = cpu.registers["lr"]
    for _ in range(_STEPS_MAX):
        if cpu.pc == back:
            return
        yield machine.symbols.locate(cpu.pc).symbol
        machine.run(Until(cpu=cpu.id, instructions=cpu.instructions + 1))
    raise AssertionError("the handler does not return")


def _watched_run(schedule: Schedule, cpus: int) -> list[Completion]:
    config = SystemConfig(
        cpus=cpus,
        seed=schedule.seed or 0,
        policy=schedule.policy,
        kernel=shipped_kernel(),
        arguments=f"tests={TEST}",
        run_tests=True,
    )
    with Machine(config) as machine:
        seen = list(completions(machine))
        assert machine.last_stop is not None
        assert machine.last_stop.reason is StopReason.HALTED, machine.console
        assert f"test {TEST} ok" in machine.console, machine.console
        return seen


@pytest.mark.parametrize("cpus", [2, *(pytest.param(each, marks=pytest.mark.matrix) for each in (1, 3))])
@pytest.mark.parametrize(
    "schedule",
    [Schedule(1), *(pytest.param(each, marks=pytest.mark.matrix) for each in (Schedule(), Schedule(2)))],
    ids=str,
)
def test_disk_answers_in_block(schedule: Schedule, cpus: int) -> None:
    seen = _watched_run(schedule, cpus)
    # One for each of the two blocks: in block, and after the swap.
    assert [completion.marks for completion in seen] == [
        (DiskMark.MAY_ANSWER_IN_BLOCK,),
        (DiskMark.MAY_ANSWER_IN_BLOCK, DiskMark.HAS_ANSWERED_IN_BLOCK, DiskMark.MAY_ANSWER_AFTER_THE_SWAP),
    ]
    for completion in seen:
        _expect_exception_level(completion)
        _expect_posted_without_objects(completion)


def _expect_exception_level(completion: Completion) -> None:
    """From the disk's driver, called by the handler of external interrupts."""
    names = [name.partition("(")[0] for name in completion.callers]
    assert ("devices::Disk::on_interrupt", "kernel::on_external") in pairwise(names), names


def _expect_posted_without_objects(completion: Completion) -> None:
    """The ticket of a thread became ready and who waits for it was woken: that was all."""
    names = {name.partition("(")[0] for name in completion.entered}
    assert names >= {"kernel::with_thread", "kernel::WaitQueue::wake_all"}
    assert not [name for name in names if name.startswith(_OBJECTS)]
