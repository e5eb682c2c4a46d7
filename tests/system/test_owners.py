"""Who holds what: what keeps a module, and memory by class and module."""

from __future__ import annotations

import pytest

from emulator import Machine
from emulator.abi.mailbox import Operation
from emulator.errors import GuestError, UsageError
from emulator.monitor.owners import Holder
from tests.system.machines import module, ready_machine, written_module

_PAGE = 4096

SLEEPER = """
#include "kernel/clock.h"
#include "kernel/command.h"
#include "kernel/thread.h"

static kernel::Command doze{"doze", "takes 10 ms", [](const char*) {
    kernel::sleep_until(kernel::now_ns() + 10 * kernel::millisecond);
    return kernel::Status();
}};
extern "C" kernel::Status module_init() { return {}; }
"""


def memory_of(machine: Machine, class_name: str) -> tuple[int, int]:
    """Objects of a class and their bytes."""
    found = [owner for owner in machine.monitor.owners.all() if owner.which == f"{class_name}, version 1"]
    return (found[0].count, found[0].bytes) if found else (0, 0)


def test_an_object_of_its_class_keeps_a_module() -> None:
    with ready_machine() as machine:
        monitor = machine.monitor
        monitor.apply(module("traced_counter"))
        held = Holder("object", "counter of class TracedCounter, version 1")
        assert monitor.owners.holders("traced_counter") == [held]
        with pytest.raises(GuestError, match="still in use"):
            monitor.unload("traced_counter")
        monitor.swap("counter", "SharedCounter")
        assert monitor.owners.holders("traced_counter") == []
        monitor.unload("traced_counter")


def test_each_object_is_listed() -> None:
    with ready_machine() as machine:
        monitor = machine.monitor
        monitor.apply(module("traced_counter"))
        monitor.swap("counter", "SharedCounter")
        made = [monitor.create("TracedCounter") for _ in range(3)]
        assert monitor.owners.holders("traced_counter") == [
            Holder("object", f"{reference} of class TracedCounter, version 1") for reference in made
        ]


def test_a_running_command_pins_its_module() -> None:
    with ready_machine() as machine:
        monitor = machine.monitor
        loaded = monitor.apply(written_module("sleeper", SLEEPER)).module
        assert monitor.owners.holders(loaded) == []
        monitor.request(Operation.COMMAND, "doze", "")
        machine.run_for(1_000_000)
        (pins,) = monitor.owners.holders(loaded)
        assert pins.what == "pins"
        assert pins.which.startswith("1: ")
        machine.run_for(20_000_000)
        assert monitor.owners.holders(loaded) == []


def test_a_module_that_is_not_there_has_no_holders() -> None:
    with ready_machine() as machine:
        with pytest.raises(UsageError, match="module nothing is not loaded"):
            machine.monitor.owners.holders("nothing")
        with pytest.raises(GuestError, match="holders of 99: there is none"):
            machine.monitor.owners.holders(99)


def test_memory_of_a_class_grows_and_shrinks_with_its_objects() -> None:
    with ready_machine() as machine:
        monitor = machine.monitor
        count, size = memory_of(machine, "SharedCounter")
        made = [monitor.create("SharedCounter") for _ in range(4)]
        more, larger = memory_of(machine, "SharedCounter")
        assert more == count + 4
        each, rest = divmod(larger - size, 4)
        assert rest == 0
        assert each > 0
        for reference in made:
            monitor.destroy(reference)
        monitor.drain()
        assert memory_of(machine, "SharedCounter") == (count, size)


def test_each_representative_is_counted() -> None:
    with ready_machine() as machine:
        monitor = machine.monitor
        monitor.swap("counter", "PartitionedCounter")
        _, with_two = memory_of(machine, "PartitionedCounter")
        monitor.create("PartitionedCounter")
        _, with_one_more_root = memory_of(machine, "PartitionedCounter")
        # An object that nobody has called has a root and no representative.
        assert with_two < with_one_more_root < 2 * with_two


def test_memory_of_a_module_is_its_pages() -> None:
    with ready_machine() as machine:
        monitor = machine.monitor
        monitor.apply(module("traced_counter"))
        (listed,) = monitor.modules()
        (owner,) = [each for each in monitor.owners.all() if each.what == "module"]
        assert (owner.which, owner.count, owner.bytes) == (
            "traced_counter",
            listed.pages,
            listed.pages * _PAGE,
        )
