"""After swaps and updates have completed, memory in use is what it is in a run without them."""

from __future__ import annotations

from typing import Final

import pytest

from emulator import Machine
from tests.system.machines import module, ready_machine

TABLES_OF_MODULES: Final = 1
"""Pages: the kernel keeps the page table of the module area once it was needed."""
STOCK_DESCRIPTORS: Final = 1
"""Pages: each 64 that the page allocator once took from the pool begin with one that describes them."""
UPDATE_RECORD_BYTES: Final = 2048
"""Name, reason and up to eight classes of an update, which can be read after its module is gone."""


def in_use(machine: Machine) -> dict[str, tuple[int, int]]:
    """Live bytes and allocations of every kind once all that is cached or pending is given back."""
    machine.monitor.drain()
    return {row.tag: (row.bytes, row.allocations) for row in machine.monitor.memory()}


def frames_of(usage: dict[str, tuple[int, int]]) -> int:
    """Takes out the row of page frames, whose holders are in the other rows but for the above."""
    return usage.pop("frames")[1]


def loaded(machine: Machine, workload: str) -> None:
    """Puts the system under load for a while."""
    machine.monitor.workload_start(workload, clients=4)
    machine.run_for(200_000)


def ended(machine: Machine, workload: str) -> None:
    """The clients end and give back what they have; none of them was answered wrongly."""
    machine.monitor.workload_stop(workload)
    assert machine.monitor.workload_wait(workload).errors == 0


@pytest.mark.parametrize("policy", ["round-robin", "random"])
def test_swaps_there_and_back_leave_nothing(policy: str) -> None:
    with ready_machine(policy=policy) as control, ready_machine(policy=policy) as swapped:
        loaded(control, "counting")
        ended(control, "counting")
        loaded(swapped, "counting")
        for name in ("SharedCounter", "PartitionedCounter") * 5:
            assert swapped.monitor.swap("counter", name).outcome == "completed"
        ended(swapped, "counting")
        after, without = in_use(swapped), in_use(control)
        assert frames_of(after) <= frames_of(without) + STOCK_DESCRIPTORS
        assert after == without


def test_an_update_leaves_nothing_but_its_module() -> None:
    with ready_machine() as control, ready_machine() as updated:
        loaded(control, "counting")
        ended(control, "counting")
        loaded(updated, "counting")
        updated.monitor.apply(module("saturating_counter"))
        updated.monitor.swap("counter", "PartitionedCounter")
        ended(updated, "counting")
        with_module, without = in_use(updated), in_use(control)
        pages = sum(info.pages for info in updated.monitor.modules())
        # The few records of the module may each be the first in a page of their size.
        records = with_module["module"][1]
        allowed = pages + records + TABLES_OF_MODULES + STOCK_DESCRIPTORS
        assert frames_of(with_module) <= frames_of(without) + allowed
        assert with_module.pop("module") > without.pop("module")
        assert with_module == without


def test_an_unloaded_module_leaves_its_record_alone() -> None:
    with ready_machine() as control, ready_machine() as updated:
        loaded(control, "counting")
        ended(control, "counting")
        loaded(updated, "counting")
        updated.monitor.apply(module("saturating_counter"))
        updated.monitor.swap("counter", "PartitionedCounter")
        ended(updated, "counting")
        updated.monitor.unload("saturating_counter")
        gone, without = in_use(updated), in_use(control)
        (bytes_left, records_left), _ = gone.pop("module"), without.pop("module")
        assert (bytes_left <= UPDATE_RECORD_BYTES, records_left) == (True, 1)
        assert frames_of(gone) <= frames_of(without) + records_left + TABLES_OF_MODULES + STOCK_DESCRIPTORS
        assert gone == without
