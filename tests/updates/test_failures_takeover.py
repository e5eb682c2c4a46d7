"""Code that has taken over is the kernel's own: a fault in it is a panic that names the module."""

from __future__ import annotations

import pytest

from emulator.machine import StopReason
from tests.updates.broken import FAULT, Fault, broken
from tests.updates.failures import CALLERS, CONVERTING, COUNTER, PAGE_ALLOCATOR, RACE, Subject, bench, sampled

_METHODS = {
    "fcm_unmap": "services::v2::FCMDefault::unmap_page",
    "file_sync": "services::v2::FCMFile::begin_sync",
    "page_allocator_interface": "services::v3::PageAllocatorKernPinned::allocate_pages",
    "page_allocator_callers": "services::v2::KernelPagesPinned::allocate_pages",
    "allocator_race": "services::v2::PageAllocatorKernPinned::get_next_for_mdh",
    "checked_counter": "services::v2::SharedCounter::increment",
}
_EVERY = (*CONVERTING, PAGE_ALLOCATOR, CALLERS, RACE)


def expect_panic(subject: Subject, fault: Fault, function: str) -> None:
    with bench(subject) as machine:
        machine.machine.monitor.start_apply(broken(subject, fault))
        assert machine.machine.run_for(50_000_000).reason is StopReason.PANIC
        panic = machine.machine.panic
        assert panic is not None
        assert f" in module {subject.module}" in panic.text.splitlines()[0]
        assert function in panic.text


@pytest.mark.parametrize("subject", sampled(_EVERY), ids=str)
def test_when_ownership_has_begun_to_move(subject: Subject) -> None:
    expect_panic(subject, Fault(commit=FAULT), "commit_import")


def test_in_the_constructor_of_what_a_client_makes() -> None:
    expect_panic(COUNTER, Fault(construct=FAULT), "SharedCounterRoot")


@pytest.mark.parametrize("subject", sampled(_EVERY), ids=str)
def test_in_a_method(subject: Subject) -> None:
    with bench(subject) as machine:
        assert machine.apply(subject.build()).active
        machine.machine.monitor.assemble(_METHODS[subject.module], "trap")
        assert machine.machine.run_for(50_000_000).reason is StopReason.PANIC
        panic = machine.machine.panic
        assert panic is not None
        assert panic.modules[0] == subject.module
        assert _METHODS[subject.module] in panic.text
