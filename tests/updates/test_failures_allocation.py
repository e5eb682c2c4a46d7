"""Each allocation that an update makes fails in turn: the old version goes on and nothing is left."""

from __future__ import annotations

import re
from typing import Final

import pytest

from emulator.monitor import UpdateRecord
from tests.system.machines import written_module
from tests.updates.failures import CONVERTING, SUBJECTS, Bench, Subject, bench, control, sampled
from tests.updates.memory_left import MemoryInUse, expect_nothing_left

_SHORTAGE: Final = """
#include "kernel/command.h"
#include "kernel/heap.h"
#include "kernel/print.h"
#include "kernel/text.h"
#include "kernel/thread.h"

// Whoever works for the job mix, or for the host.
static constexpr const char* others[] = {"client", "answerer", "file-system", "page writer", "mailbox"};

static bool updates(const kernel::Thread& thread)
{
    for (const char* name : others) {
        if (kernel::equal(thread.name(), name))
            return false;
    }
    return true;
}

alignas(kernel::FailAllocation) static char place[sizeof(kernel::FailAllocation)];
static kernel::FailAllocation* shortage = nullptr;

static kernel::Command fail{"fail-allocation", "the n-th of an update", [](const char* words) {
    uint64_t n = 0;
    for (; *words != 0; ++words)
        n = 10 * n + (*words - '0');
    shortage = new (place) kernel::FailAllocation(n, updates);
    return kernel::Status();
}};
static kernel::Command end{"end-of-failures", "says whether it has come to that", [](const char*) {
    kernel::print("allocation failed: %s", shortage->happened() ? "yes" : "no");
    shortage->~FailAllocation();
    return kernel::Status();
}};
extern "C" kernel::Status module_init() { return {}; }
"""
_LIMIT: Final = 2000


def shortage() -> tuple[bytes, ...]:
    return (written_module("shortage", _SHORTAGE),)


def apply_without_nth(machine: Bench, n: int) -> tuple[UpdateRecord, bool]:
    """What comes of the update, and whether it makes so many allocations."""
    commands = machine.machine.monitor.commands
    seen = len(machine.machine.console)
    commands.run("fail-allocation", str(n))
    record = machine.apply(machine.subject.build())
    commands.run("end-of-failures")
    (happened,) = re.findall(r"allocation failed: (\w+)", machine.machine.console[seen:])
    return record, happened == "yes"


def fail_nth(machine: Bench, n: int, clients: int) -> bool:
    """Whether the update makes so many allocations."""
    machine.restart()
    record, happened = apply_without_nth(machine, n)
    without = control(machine.subject, clients, extra=shortage())
    if record.active:
        # Not every allocation is needed: the update is in service as a whole, and can be taken back.
        machine.expect_reverted(without)
    else:
        assert happened
        # What finds no place in the arena of a transfer has met an arena that is too small.
        assert (record.state, record.reason) in (("aborted", "no_memory"), ("aborted", "too_large"))
        machine.expect_old_version(without)
    return happened


@pytest.mark.parametrize("n", [2, 11])
@pytest.mark.parametrize("subject", sampled(SUBJECTS), ids=str)
def test_one_that_fails(subject: Subject, n: int) -> None:
    with bench(subject, extra=shortage()) as machine:
        assert fail_nth(machine, n, clients=4)


@pytest.mark.parametrize("n", [20, 28])
@pytest.mark.parametrize("subject", sampled(CONVERTING), ids=str)
def test_one_of_a_conversion_that_fails(subject: Subject, n: int) -> None:
    with bench(subject, extra=shortage()) as machine:
        assert fail_nth(machine, n, clients=4)


@pytest.mark.parametrize("subject", sampled(SUBJECTS), ids=str)
def test_updates_that_fail_again_and_again_leave_their_records(subject: Subject) -> None:
    """What the first one leaves may be kept for the next, which takes nothing more."""

    def memory_after(times: int) -> MemoryInUse:
        with bench(subject, extra=shortage()) as machine:
            for _ in range(times):
                record, _ = apply_without_nth(machine, 11)
                assert record.state == "aborted"
            return machine.end().memory

    expect_nothing_left(memory_after(6), memory_after(2), records=4)


@pytest.mark.matrix
@pytest.mark.parametrize("subject", SUBJECTS, ids=str)
def test_each_in_turn(subject: Subject) -> None:
    with bench(subject, clients=8, extra=shortage()) as machine:
        made = next(n for n in range(1, _LIMIT) if not fail_nth(machine, n, clients=8))
        assert made > 11
