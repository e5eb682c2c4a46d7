"""An adaptor's own code: while it is set up a fault aborts the update, later it is a panic."""

from __future__ import annotations

from typing import Final

import pytest

from emulator.machine import StopReason
from tests.updates.broken import ENDLESS, FAULT, Fault, broken
from tests.updates.failures import PAGE_ALLOCATOR, bench, control

_PLAN: Final = "objects::adaptor_plan<objects::Adaptor>(old_to_new, callers::of_old)"
_MAP: Final = "const objects::Adaptation<services::PageAllocator, PageAllocator> old_to_new;"


def adaptor(*, construct: str = "", handler: str = "") -> Fault:
    """The update with an adaptor of its own class, which also answers one of the methods itself."""
    own_class = f"""
    class OwnAdaptor final : public objects::Adaptor {{
    public:
        OwnAdaptor(objects::Reference old, const objects::AdaptorMap& map) : Adaptor(old, map)
        {{
            {construct}
        }}
        kernel::Result<void*> allocate_pages(size_t pages)
        {{
            {handler}
            return objects::Ref<PageAllocator>(next())->allocate_pages(pages);
        }}
    }};
    """
    rule = "objects::Handled<&services::PageAllocator::allocate_pages, &OwnAdaptor::allocate_pages>"
    edits = (
        (_MAP, own_class + _MAP.replace("PageAllocator>", f"PageAllocator, {rule}>")),
        (_PLAN, _PLAN.replace("objects::Adaptor>", "OwnAdaptor>")),
    )
    return Fault(edits=edits)


def test_one_that_is_right_serves_the_old_callers() -> None:
    """So that what the others show is not the fault of how they are made."""
    with bench(PAGE_ALLOCATOR) as machine:
        assert machine.apply(broken(PAGE_ALLOCATOR, adaptor())).active
        machine.machine.run_for(1_000_000)
        (listed,) = machine.machine.monitor.adaptors()
        assert listed.callers == 2
        machine.expect_reverted(control(PAGE_ALLOCATOR))


def expect_abort(fault: Fault, reason: str) -> None:
    with bench(PAGE_ALLOCATOR) as machine:
        record = machine.apply(broken(PAGE_ALLOCATOR, fault))
        assert (record.state, record.reason) == ("aborted", reason)
        assert "OwnAdaptor" in record.text
        machine.expect_old_version(control(PAGE_ALLOCATOR))


def test_a_fault_while_it_is_made_aborts_the_update() -> None:
    expect_abort(adaptor(construct=FAULT), "fault")


@pytest.mark.matrix
def test_one_whose_making_never_ends_aborts_the_update() -> None:
    expect_abort(adaptor(construct=ENDLESS), "timed_out")


def test_a_handler_that_faults_in_service_is_a_panic_that_names_the_module() -> None:
    with bench(PAGE_ALLOCATOR) as machine:
        machine.machine.monitor.start_apply(broken(PAGE_ALLOCATOR, adaptor(handler=FAULT)))
        assert machine.machine.run_for(20_000_000).reason is StopReason.PANIC
        assert machine.machine.panic is not None
        assert machine.machine.panic.modules == [PAGE_ALLOCATOR.module]
        assert "OwnAdaptor::allocate_pages" in machine.machine.panic.text
