"""One update on top of another: the older one is superseded, and comes back when the newer one goes."""

from __future__ import annotations

import pytest

from emulator.errors import GuestError
from tests.updates.counter_versions import (
    Version,
    apply_whole,
    expect_exact,
    loaded_machine,
    version_of_counters,
)


def test_three_versions_up_and_down_again() -> None:
    with loaded_machine(clients=3) as machine:
        monitor = machine.monitor

        def states() -> list[str]:
            return [each.state for each in monitor.updates() if each.name.startswith("counter")]

        apply_whole(machine, Version(2))
        apply_whole(machine, Version(3))
        assert (states(), version_of_counters(machine)) == (["superseded", "active"], {3})
        apply_whole(machine, Version(4))
        assert (states(), version_of_counters(machine)) == (["superseded", "superseded", "active"], {4})
        with pytest.raises(
            GuestError, match=r"counter_4. changes the same class and came later: revert it first"
        ):
            monitor.revert("counter_2")
        monitor.revert("counter_4")
        assert (states(), version_of_counters(machine)) == (["superseded", "active", "unloaded"], {3})
        monitor.revert("counter_3")
        monitor.revert("counter_2")
        assert (states(), version_of_counters(machine)) == (["unloaded"] * 3, {1})
        expect_exact(machine)


def test_a_superseded_module_can_go_and_with_it_the_way_back() -> None:
    with loaded_machine() as machine:
        monitor = machine.monitor
        apply_whole(machine, Version(2))
        apply_whole(machine, Version(3))
        monitor.unload("counter_2")
        with pytest.raises(GuestError, match="there is no way back"):
            monitor.revert("counter_3")
        assert version_of_counters(machine) == {3}
        expect_exact(machine)
