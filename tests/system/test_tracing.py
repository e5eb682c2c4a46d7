"""Trace points: switched by name, read in order, and gone with the module that brought them."""

from __future__ import annotations

import pytest

from emulator import Machine
from emulator.errors import GuestError
from tests.system.machines import module, ready_machine, written_module

_LOAD_NS = 200_000

TWO_POINTS = """
#include "kernel/command.h"
#include "kernel/trace.h"

static kernel::TracePoint passed{"test.passed"};
static kernel::TracePoint never{"test.never"};
static kernel::Command pass{"pass", "passes a trace point", [](const char* words) {
    for (const char* each = words; *each != '\\0'; ++each)
        passed.note(static_cast<uint64_t>(*each), 7);
    return kernel::Status();
}};
"""


def names(machine: Machine) -> dict[str, int]:
    """The identifiers of the modules' points by name."""
    return {point.name: point.id for point in machine.monitor.tracing.points() if point.module}


def test_the_kernel_has_points_of_its_own_that_are_off() -> None:
    with ready_machine() as machine:
        points = machine.monitor.tracing.points()
        assert [point.name for point in points if point.name == "swap.phase"] == ["swap.phase"]
        assert not any(point.on or point.records or point.module for point in points)
        assert len({point.id for point in points}) == len(points)


def test_phases_of_a_swap_are_traced_in_their_order() -> None:
    with ready_machine() as machine:
        machine.monitor.tracing.switch("swap.phase", on=True)
        swap = machine.monitor.swap("counter", "SharedCounter")
        reading = machine.monitor.tracing.read()
        assert reading.lost == 0
        assert [(record.name, record.first, record.second) for record in reading.records] == [
            ("swap.phase", swap.id, phase) for phase in range(4)
        ]
        assert all(record.thread for record in reading.records)


def test_what_was_read_is_taken_and_what_is_off_writes_nothing() -> None:
    with ready_machine() as machine:
        tracing = machine.monitor.tracing
        tracing.switch("swap.phase", on=True)
        machine.monitor.swap("counter", "SharedCounter")
        assert tracing.read().records
        assert tracing.read().records == []
        tracing.switch("swap.phase", on=False)
        machine.monitor.swap("counter", "PartitionedCounter")
        assert tracing.read().records == []


def test_a_point_that_is_not_there_is_refused() -> None:
    with ready_machine() as machine, pytest.raises(GuestError, match=r"trace no\.point: there is none"):
        machine.monitor.tracing.switch("no.point", on=True)


def test_an_update_adds_points_with_numbers_of_their_own_and_takes_them_along() -> None:
    with ready_machine() as machine:
        before = {point.id for point in machine.monitor.tracing.points()}
        machine.monitor.apply(module("traced_counter"))
        first = names(machine)
        assert set(first) == {"counter.incremented", "counter.decremented"}
        machine.monitor.swap("counter", "SharedCounter")
        machine.monitor.unload("traced_counter")
        assert {point.id for point in machine.monitor.tracing.points()} == before
        machine.monitor.apply(module("traced_counter"))
        second = names(machine)
        assert set(second) == set(first)
        assert min(second.values()) > max(first.values())


def test_records_of_a_point_that_is_gone_have_its_name() -> None:
    with ready_machine() as machine:
        monitor = machine.monitor
        monitor.apply(
            written_module(
                "two_points", TWO_POINTS + 'extern "C" kernel::Status module_init() { return {}; }'
            )
        )
        monitor.tracing.switch("test.passed", on=True)
        monitor.commands.run("pass", "ab")
        monitor.unload("two_points")
        records = monitor.tracing.read().records
        assert [(record.name, record.first, record.second) for record in records] == [
            ("test.passed", ord("a"), 7),
            ("test.passed", ord("b"), 7),
        ]


def test_a_log_that_is_full_says_how_many_records_it_lost() -> None:
    with ready_machine() as machine:
        monitor = machine.monitor
        monitor.apply(module("traced_counter"))
        monitor.tracing.switch("counter.incremented", on=True)
        monitor.workload_start("counting")
        machine.run_for(10 * _LOAD_NS)
        monitor.workload_stop("counting")
        monitor.workload_wait("counting")
        reading = monitor.tracing.read()
        (point,) = [each for each in monitor.tracing.points() if each.name == "counter.incremented"]
        assert reading.lost > 0
        assert reading.lost + len(reading.records) == point.records
        times = [record.time_ns for record in reading.records]
        assert times == sorted(times)


def test_tracing_leaves_no_memory_behind() -> None:
    def live(machine: Machine) -> list[object]:
        machine.monitor.drain()
        # What was applied stays on record, under this tag; frames are the heap's stock.
        return [each for each in machine.monitor.memory() if each.tag not in ("module", "frames")]

    with ready_machine() as machine:
        monitor = machine.monitor
        body = TWO_POINTS + 'extern "C" kernel::Status module_init() { return {}; }'
        before = live(machine)
        monitor.apply(written_module("two_points", body))
        monitor.tracing.switch("test.passed", on=True)
        monitor.commands.run("pass", "a")
        monitor.unload("two_points")
        assert monitor.tracing.read().records
        assert live(machine) == before
