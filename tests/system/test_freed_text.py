"""Nothing leads into a module that was unloaded, and its addresses serve the next one."""

from __future__ import annotations

import sys
from array import array
from typing import Final

import pytest

from emulator import Machine
from emulator.abi.memory_map import PAGE_SIZE, STACK_BASE
from emulator.errors import GuestError
from tests.system.machines import module, ready_machine

LATER: Final = 300_000
"""Virtual ns, several quanta of both CPUs."""
_STACK_SLOTS: Final = 256
_PAGES_OF_A_SLOT: Final = 8
_PTE_FLAGS: Final = 0x18E
"""Low bits of the linear map's entries: 0xC0...018E is an entry for a frame, not an address."""


def stack_pages(machine: Machine) -> set[int]:
    """Physical pages of the kernel's thread stacks."""
    cpu = machine.hardware.cpus[0]
    mapped = (cpu.translate(STACK_BASE + page * PAGE_SIZE) for page in range(_STACK_SLOTS * _PAGES_OF_A_SLOT))
    return {physical for physical in mapped if physical is not None}


def words_into(machine: Machine, first: int, end: int) -> list[str]:
    """Where RAM holds an address in [first, end).

    On a stack the first address itself does not count: it is the module's base, which the thread that
    unloads it has as a number, and never a return address, since no call comes before it.
    """
    words = array("Q", machine.hardware.memory.read(0, machine.config.memory))
    if sys.byteorder == "little":
        words.byteswap()
    stacks = stack_pages(machine)
    return [
        f"{index * 8:#x}: {word:#x}"
        for index, word in enumerate(words)
        if first <= word < end
        and word & 0xFFF != _PTE_FLAGS
        and not (word == first and index * 8 // PAGE_SIZE * PAGE_SIZE in stacks)
    ]


def load_counter_and_leave_it(machine: Machine) -> tuple[int, int]:
    """Loads a counter's module under load and swaps its class out again; the module's address range."""
    machine.monitor.workload_start("counting", clients=4)
    machine.monitor.apply(module("saturating_counter"))
    (info,) = machine.monitor.modules()
    machine.run_for(LATER)
    machine.monitor.swap("counter", "SharedCounter")
    machine.run_for(LATER)
    return info.base, info.base + info.pages * PAGE_SIZE


def test_a_module_in_use_is_not_unloaded() -> None:
    with ready_machine() as machine:
        machine.monitor.apply(module("saturating_counter"))
        with pytest.raises(GuestError, match="still in use, by an object of its class"):
            machine.monitor.unload("saturating_counter")
        assert [info.state for info in machine.monitor.modules()] == ["active"]


@pytest.mark.parametrize("policy", ["round-robin", "random"])
def test_no_word_of_memory_leads_into_unloaded_text(policy: str) -> None:
    with ready_machine(policy=policy) as machine:
        first, end = load_counter_and_leave_it(machine)
        assert words_into(machine, first, end)
        machine.monitor.unload("saturating_counter")
        machine.monitor.workload_stop("counting")
        assert machine.monitor.workload_wait("counting").errors == 0
        machine.monitor.drain()
        assert words_into(machine, first, end) == []


def test_the_next_module_at_that_address_runs_on_every_cpu() -> None:
    with ready_machine() as machine:
        first, _ = load_counter_and_leave_it(machine)
        machine.monitor.workload_stop("counting")
        machine.monitor.workload_wait("counting")
        machine.monitor.unload("saturating_counter")
        machine.monitor.apply(module("allocator_race"))
        assert [info.base for info in machine.monitor.modules()] == [first]
        machine.monitor.workload_start("allocation-storm", clients=4, operations=300)
        status = machine.monitor.workload_wait("allocation-storm")
        assert (status.operations, status.errors) == (1200, 0)
