"""Adaptors that the monitor puts on references of a loaded machine."""

from __future__ import annotations

import pytest

from emulator.abi.mailbox import EventKind
from emulator.abi.values import text
from emulator.devices.mailbox import GuestEvent
from emulator.errors import GuestError
from tests.system.machines import ready_machine

_LOAD_NS = 200_000


def _reclaimed(event: GuestEvent) -> bool:
    return text(event.values[1]) == "reclaimed"


def test_a_null_adaptor_passes_every_call_on_and_goes_again() -> None:
    with ready_machine() as machine:
        monitor = machine.monitor
        monitor.workload_start("counting")
        other = monitor.adapt("counter")
        machine.run_for(_LOAD_NS)
        (adaptor,) = monitor.adaptors()
        assert (adaptor.kind, adaptor.target, adaptor.stays) == ("adaptor", other, "until removed")
        assert adaptor.calls > 100
        (plan,) = monitor.adaptor_plans()
        assert (plan.what, plan.adaptors, plan.dead, plan.stays) == (adaptor.reference, 1, 0, "until removed")
        assert monitor.object("counter").reference == other
        monitor.unadapt("counter")
        assert monitor.object("counter").reference == adaptor.reference
        machine.run_until_event(EventKind.ADAPTOR, 50_000_000, _reclaimed)
        assert monitor.adaptors() == []
        monitor.workload_stop("counting")
        assert monitor.workload_status("counting").errors == 0


def test_what_has_no_adaptor_cannot_lose_one() -> None:
    with ready_machine() as machine, pytest.raises(GuestError, match="NOT_FOUND"):
        machine.monitor.unadapt("counter")


def test_an_adapted_object_is_swapped_where_it_is_now() -> None:
    with ready_machine() as machine:
        monitor = machine.monitor
        other = monitor.adapt("counter")
        monitor.swap("counter", "PartitionedCounter")
        assert monitor.object(other).class_name == "PartitionedCounter"
        assert [adaptor.target for adaptor in monitor.adaptors()] == [other]
