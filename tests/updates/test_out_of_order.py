"""Versions follow each other one by one; everything else is refused with both numbers."""

from __future__ import annotations

import pytest

from emulator.errors import GuestError, ModuleError
from emulator.monitor import UpdateFailed
from tests.updates.counter_versions import (
    Version,
    apply_whole,
    expect_exact,
    loaded_machine,
    version_of_counters,
)

_THREE = Version(3, name="three")


def test_a_version_that_skips_one_is_refused_by_the_guest() -> None:
    """The host does not know which version the kernel was built with."""
    with loaded_machine() as machine:
        with pytest.raises(UpdateFailed) as failure:
            machine.monitor.apply(_THREE.build())
        assert "class SharedCounter is at version 1: version 2 can follow, this update brings 3" in str(
            failure.value
        )
        assert (failure.value.record.state, failure.value.record.reason) == ("aborted", "version")
        assert [each.name for each in machine.monitor.modules()] == ["allocator_race"]
        assert version_of_counters(machine) == {1}
        expect_exact(machine)


def test_what_the_host_can_know_it_refuses_before_the_guest_is_asked() -> None:
    with loaded_machine() as machine:
        monitor = machine.monitor
        apply_whole(machine, Version())
        before = machine.hardware.state_hash()
        with pytest.raises(ModuleError, match="is loaded in revision 1, this is revision 1"):
            apply_whole(machine, Version())
        with pytest.raises(
            ModuleError, match=r"is at version 2, which module counter_2 brought: .* version 2"
        ):
            monitor.apply(Version(name="copy").build())
        four = Version(4, name="four")
        with pytest.raises(ModuleError, match="is at version 2, this update goes from 3 to 4"):
            monitor.apply(four.build())
        skipping = Version(4, name="skipping", classes=(("services::SharedCounter", 2, 4),))
        with pytest.raises(ModuleError, match="version 4 cannot follow 2"):
            monitor.apply(skipping.build())
        requiring = Version(3, name="requiring", manifest='requires = ["other"]')
        with pytest.raises(ModuleError, match="requires module other, which is not loaded"):
            monitor.apply(requiring.build())
        assert machine.hardware.state_hash() == before
        expect_exact(machine)


def test_the_same_version_is_refused_by_the_guest_where_the_metadata_do_not_name_the_class() -> None:
    with loaded_machine() as machine:
        apply_whole(machine, Version())
        copy = Version(name="copy", classes=())
        with pytest.raises(UpdateFailed, match="is at version 2: version 3 can follow, this update brings 2"):
            machine.monitor.apply(copy.build())
        assert version_of_counters(machine) == {2}
        expect_exact(machine)


def test_metadata_that_name_a_class_which_the_module_does_not_have_are_refused() -> None:
    with loaded_machine() as machine:
        before = machine.hardware.state_hash()
        wrong = Version(name="wrong", classes=(("services::OtherName", 1, 2),))
        line = (
            "update.toml names class services::OtherName, which the module does not have\n"
            "it describes services::SharedCounter"
        )
        with pytest.raises(ModuleError, match=f"^{line}$"):
            machine.monitor.apply(wrong.build())
        assert machine.hardware.state_hash() == before


def test_a_required_module_stays_as_long_as_who_requires_it() -> None:
    with loaded_machine() as machine:
        monitor = machine.monitor
        apply_whole(machine, Version())
        apply_whole(machine, Version(3, manifest='requires = ["counter_2"]'))
        with pytest.raises(GuestError, match="in use"):
            monitor.unload("counter_2")
        with pytest.raises(GuestError, match="came later: revert it first"):
            monitor.revert("counter_2")
        monitor.revert("counter_3")
        assert monitor.revert("counter_2").state == "unloaded"
        expect_exact(machine)
