"""Modules applied to a running machine, and those that cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.errors import GuestError, ModuleError, UsageError
from emulator.monitor import UpdateFailed
from tests.system.machines import module, ready_machine, written_module

_FAILING = """
#include "kernel/status.h"
extern "C" kernel::Status module_init() { return kernel::Code::NO_FORMAT; }
"""
_FAULTING = """
#include "kernel/status.h"
extern "C" kernel::Status module_init()
{
    *reinterpret_cast<volatile int*>(0x10) = 1;
    return {};
}
"""
_ENDLESS = """
#include "kernel/status.h"
extern "C" kernel::Status module_init()
{
    for (volatile int i = 0;;)
        i = i + 1;
}
"""
_QUIET = """
#include "kernel/status.h"
extern "C" kernel::Status module_init() { return {}; }
"""

_TALKING = """
#include "kernel/init.h"
#include "kernel/print.h"

namespace {

struct Talking {
    Talking() { kernel::print("constructor"); }
} talking;

kernel::Status annotated()
{
    kernel::print("annotated");
    return {};
}

[[gnu::section("init_functions"), gnu::used]] constexpr kernel::InitFunction init{
    kernel::InitStage::Services, "talking", annotated};

}

extern "C" kernel::Status module_init()
{
    kernel::print("entry");
    return {};
}

extern "C" void module_exit() { kernel::print("exit"); }
"""


def test_everything_that_is_to_run_runs_in_its_order() -> None:
    with ready_machine() as machine:
        seen = len(machine.console)
        machine.monitor.apply(written_module("talking", _TALKING))
        assert machine.console[seen:].splitlines() == ["constructor", "annotated", "entry"]
        seen = len(machine.console)
        machine.monitor.unload("talking")
        assert machine.console[seen:].splitlines() == ["exit"]


def test_an_update_is_applied_under_load_and_nothing_is_lost() -> None:
    with ready_machine() as machine:
        monitor = machine.monitor
        monitor.workload_start("counting")
        machine.run_for(200_000)
        record = monitor.apply(module("saturating_counter"))
        assert record.active
        assert [swap.reference for swap in record.swaps] == ["counter"]
        assert record.swaps[0].new_class == "SaturatingCounter"
        assert record.phases
        assert monitor.update_records == [record]
        assert [(each.id, each.state) for each in monitor.updates()] == [(record.id, "active")]
        monitor.workload_stop("counting")
        assert monitor.workload_wait("counting").errors == 0


def test_a_module_in_use_stays_and_one_that_nobody_uses_goes() -> None:
    with ready_machine() as machine:
        monitor = machine.monitor
        monitor.apply(module("saturating_counter"))
        with pytest.raises(GuestError, match="unload saturating_counter: it is still in use"):
            monitor.unload("saturating_counter")
        assert [each.module for each in monitor.classes() if each.name == "SaturatingCounter"] == [1]
        monitor.swap("counter", "SharedCounter")
        monitor.unload("saturating_counter")
        assert monitor.modules() == []
        assert monitor.update_records[-1].state == "unloaded"
        assert all(each.name != "SaturatingCounter" for each in monitor.classes())
        with pytest.raises(UsageError, match="module saturating_counter is not loaded"):
            monitor.unload("saturating_counter")


def test_a_module_can_come_back_after_it_was_unloaded() -> None:
    with ready_machine() as machine:
        monitor = machine.monitor
        for _ in range(3):
            monitor.apply(module("saturating_counter"))
            monitor.swap("counter", "PartitionedCounter")
            monitor.unload("saturating_counter")
        assert [record.state for record in monitor.update_records] == ["unloaded"] * 3
        assert monitor.modules() == []


def test_unloading_gives_back_the_memory() -> None:
    """The module's update stays on record, which is what the tag of modules grows by."""
    with ready_machine() as machine:
        monitor = machine.monitor
        code = written_module("quiet", _QUIET)
        monitor.apply(code)
        monitor.unload("quiet")
        monitor.drain()
        before = {item.tag: item.bytes for item in monitor.memory() if item.tag != "module"}
        monitor.apply(code)
        monitor.unload("quiet")
        monitor.drain()
        after = {item.tag: item.bytes for item in monitor.memory() if item.tag != "module"}
        assert after == before


def test_a_module_that_is_refused_by_the_host_leaves_the_guest_as_it_was() -> None:
    with ready_machine() as machine:
        before = machine.hardware.state_hash()
        with pytest.raises(ModuleError):
            machine.monitor.apply(module("saturating_counter").read_bytes()[:-100])
        assert machine.hardware.state_hash() == before


def test_a_file_that_cannot_be_read_is_a_usage_error(tmp_path: Path) -> None:
    with ready_machine() as machine, pytest.raises(UsageError, match="No such file"):
        machine.monitor.apply(tmp_path / "none.ko")


def _refuse(name: str, source: str) -> tuple[str, str]:
    """Applies a module that fails; its message and reason, after a look that the guest goes on."""
    with ready_machine() as machine:
        with pytest.raises(UpdateFailed) as caught:
            machine.monitor.apply(written_module(name, source))
        record = caught.value.record
        assert record.state == "aborted"
        assert machine.monitor.modules() == []
        assert [update.state for update in machine.monitor.updates()] == ["aborted"]
        machine.monitor.workload_start("counting", operations=20)
        assert machine.monitor.workload_wait("counting").errors == 0
        assert str(caught.value).count("\n") == 0
        return str(caught.value), record.reason


def test_initialisation_that_fails_aborts_the_update() -> None:
    message, reason = _refuse("failing", _FAILING)
    assert (reason, message.startswith("update failing aborted: ")) == ("no_format", True)


def test_initialisation_that_faults_aborts_the_update_and_is_named() -> None:
    message, reason = _refuse("faulting", _FAULTING)
    assert reason == "fault"
    assert "exception 0x300 at module_init" in message
    assert "faulting.cpp:5" in message
    assert "data address 0x10" in message


def test_initialisation_that_never_ends_aborts_the_update() -> None:
    message, reason = _refuse("endless", _ENDLESS)
    assert reason == "timed_out"
    assert "did not end within 50000000 ns" in message


def test_a_module_that_is_too_large_for_the_guest_is_aborted() -> None:
    source = _QUIET + "char too_much[(15 << 20) - (128 << 10)];\n"
    with ready_machine(memory=16 << 20) as machine:
        with pytest.raises(
            UpdateFailed, match="update large aborted: no room in the guest's memory"
        ) as caught:
            machine.monitor.apply(written_module("large", source))
        assert (caught.value.record.state, caught.value.record.reason) == ("aborted", "no_memory")
        assert machine.monitor.modules() == []
        machine.monitor.apply(module("saturating_counter"))


def test_an_update_can_be_started_without_waiting() -> None:
    with ready_machine() as machine:
        load = machine.monitor.start_apply(module("saturating_counter"))
        assert machine.monitor.load_outcome(load) is None
        machine.run_for(5_000_000)
        record = machine.monitor.load_outcome(load)
        assert record is not None
        assert record.active


def test_a_single_object_goes_back_and_its_module_with_it() -> None:
    with ready_machine() as machine:
        monitor = machine.monitor
        monitor.workload_start("counting")
        record = monitor.apply(module("saturating_counter"))
        with pytest.raises(GuestError, match="saturating_counter is active, not applying"):
            monitor.cancel(record.id)
        assert monitor.revert("saturating_counter").state == "unloaded"
        assert (monitor.object("counter").class_name, monitor.modules()) == ("PartitionedCounter", [])
        with pytest.raises(GuestError, match="saturating_counter is unloaded, not active or stuck"):
            monitor.revert(record.id)
        with pytest.raises(GuestError, match="NOT_FOUND"):
            monitor.cancel(99)
        monitor.workload_stop("counting")
        assert monitor.workload_wait("counting").errors == 0
