"""An update that brings a class that was not there before, and how it goes again."""

from __future__ import annotations

from typing import Final

import pytest

from emulator import Machine
from emulator.monitor import UpdateFailed
from tests.system.machines import module, ready_machine, written_module

_SOURCE: Final = """
#include "objects/standard_factory.h"
#include "objects/update.h"
#include "services/counter/counter.h"

namespace services {

inline namespace v1 {

class DoubleCounterRoot;

class DoubleCounter final : public objects::Rep<Counter> {
public:
    static objects::FactoryMadeClass descriptor;
    explicit DoubleCounter(objects::Root& root) : Rep(root) {}

    kernel::Status increment() override { return add(2); }
    kernel::Status decrement() override { return add(-2); }
    kernel::Result<int64_t> value() override { return __atomic_load_n(&m_count, __ATOMIC_RELAXED); }

private:
    kernel::Status add(int64_t amount)
    {
        __atomic_fetch_add(&m_count, amount, __ATOMIC_RELAXED);
        return {};
    }
    int64_t m_count = 0;
};

class DoubleCounterRoot final : public objects::SharedRoot<DoubleCounter> {
public:
    using InterfaceType = Counter;
};

constinit objects::FactoryMadeClass DoubleCounter::descriptor
    = objects::factory_class<DoubleCounterRoot>("DoubleCounter", "Counter", 1);

}

}

extern "C" kernel::Status module_init()
{
    TRY(objects::introduce_class(services::DoubleCounter::descriptor));
    return @OUTCOME@;
}
"""
_NAME: Final = "double_counter"


def bringing(outcome: str = "kernel::Status()") -> bytes:
    """The module; its initialisation ends with that outcome."""
    classes = (("services::DoubleCounter", 0, 1),)
    return written_module(_NAME, _SOURCE.replace("@OUTCOME@", outcome), classes)


def factories(machine: Machine) -> dict[str, bool]:
    """Those of counters, and which is the default."""
    return {each.class_name: each.default for each in machine.monitor.factories() if each.kind == "Counter"}


def raced_machine() -> Machine:
    """With the shipped race fixed. Use it in a ``with``."""
    machine = ready_machine()
    machine.monitor.apply(module("allocator_race"))
    return machine


def test_it_is_reverted_when_nothing_of_it_lives_and_comes_again() -> None:
    with raced_machine() as machine:
        monitor = machine.monitor
        before = factories(machine)
        for _ in range(2):
            assert monitor.apply(bringing()).active
            assert factories(machine) == {**before, "DoubleCounter": False}
            monitor.destroy(monitor.create("DoubleCounter"))
            assert monitor.revert(_NAME).state == "unloaded"
            assert factories(machine) == before
            assert all(each.name != "DoubleCounter" for each in monitor.classes())
            assert [each.name for each in monitor.modules()] == ["allocator_race"]


def test_the_revert_is_refused_with_the_count_of_what_lives() -> None:
    with raced_machine() as machine:
        monitor = machine.monitor
        monitor.apply(bringing())
        references = [monitor.create("DoubleCounter") for _ in range(3)]
        with pytest.raises(UpdateFailed, match="active: 3 instances of the new class DoubleCounter live"):
            monitor.revert(_NAME)
        assert monitor.updates()[-1].state == "active"
        # The factory goes on as before.
        references.append(monitor.create("DoubleCounter"))
        for reference in references:
            monitor.destroy(reference)
        assert monitor.revert(_NAME).state == "unloaded"


def test_a_swap_to_the_new_class_counts_as_an_instance_until_it_is_taken_back() -> None:
    with raced_machine() as machine:
        monitor = machine.monitor
        monitor.workload_start("counting", clients=2)
        monitor.apply(bringing())
        monitor.swap("counter", "SharedCounter")
        extra = monitor.create("DoubleCounter")
        with pytest.raises(UpdateFailed, match="1 instances of the new class"):
            monitor.revert(_NAME)
        monitor.destroy(extra)
        assert monitor.revert(_NAME).state == "unloaded"
        monitor.workload_stop("counting")
        assert monitor.workload_wait("counting").errors == 0


def test_an_update_that_fails_afterwards_leaves_no_class() -> None:
    with raced_machine() as machine:
        monitor = machine.monitor
        before = factories(machine)
        with pytest.raises(UpdateFailed):
            monitor.apply(bringing("kernel::Status(kernel::Code::IO_ERROR)"))
        assert factories(machine) == before
        assert [each.name for each in monitor.modules()] == ["allocator_race"]
        assert monitor.apply(bringing()).active


def test_the_kind_has_a_default_again_when_the_new_one_goes() -> None:
    with raced_machine() as machine:
        monitor = machine.monitor
        before = factories(machine)
        monitor.apply(bringing())
        monitor.set_default_factory("Counter", "DoubleCounter")
        assert factories(machine)["DoubleCounter"]
        monitor.revert(_NAME)
        assert factories(machine) == before
