"""Factories and instances as the monitor shows them, and the default of a kind that is changed."""

from __future__ import annotations

import pytest

from emulator.errors import GuestError
from emulator.monitor.replies import FactoryInfo, InstanceInfo
from tests.system.machines import ready_machine


def by_class(factories: list[FactoryInfo]) -> dict[str, FactoryInfo]:
    """By the name of the class."""
    return {each.class_name: each for each in factories}


def test_what_is_made_and_destroyed_is_counted() -> None:
    with ready_machine() as machine:
        monitor = machine.monitor
        before = by_class(monitor.factories())["SharedCounter"]
        assert (before.kind, before.version, before.epoch) == ("Counter", 1, 1)
        reference = monitor.create("SharedCounter")
        assert by_class(monitor.factories())["SharedCounter"].current == before.current + 1
        made = [each for each in monitor.instances("SharedCounter") if each.reference == reference]
        assert made == [InstanceInfo(reference, 1, "current", made[0].home)]
        monitor.destroy(reference)
        assert by_class(monitor.factories())["SharedCounter"] == before


def test_default_of_a_kind_is_changed() -> None:
    with ready_machine() as machine:
        monitor = machine.monitor

        def default() -> list[str]:
            return [
                each.class_name for each in monitor.factories() if each.kind == "Counter" and each.default
            ]

        monitor.set_default_factory("Counter", "SharedCounter")
        assert default() == ["SharedCounter"]
        monitor.set_default_factory("Counter", "PartitionedCounter")
        assert default() == ["PartitionedCounter"]
        with pytest.raises(GuestError, match="refused the arguments"):
            monitor.set_default_factory("Counter", "ListedBlockCache")
        with pytest.raises(GuestError, match="none of that name"):
            monitor.set_default_factory("Nothing", "SharedCounter")
        assert default() == ["PartitionedCounter"]


def test_the_page_allocator_is_adopted_by_its_factory() -> None:
    with ready_machine() as machine:
        assert [each.reference for each in machine.monitor.instances("PageAllocatorKernPinned")] == [
            "page-allocator"
        ]


def test_instances_of_a_class_without_a_factory_are_not_found() -> None:
    with ready_machine() as machine, pytest.raises(GuestError, match="instances of Nothing: there is none"):
        machine.monitor.instances("Nothing")
