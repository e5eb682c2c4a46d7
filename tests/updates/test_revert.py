"""The way back: under load, when it is missing, and when it fails."""

from __future__ import annotations

import pytest

from emulator.errors import GuestError
from emulator.monitor import UpdateFailed
from tests.updates.counter_versions import (
    Version,
    apply_whole,
    expect_exact,
    info,
    loaded_machine,
    version_of_counters,
)


@pytest.mark.parametrize("mode", ["eager", "lazy"])
@pytest.mark.parametrize("policy", ["round-robin", "random"])
def test_under_load(mode: str, policy: str) -> None:
    with loaded_machine(clients=4, policy=policy) as machine:
        monitor = machine.monitor
        monitor.apply(Version(manifest=f'mode = "{mode}"').build(), limit_ns=2_000_000_000)
        assert monitor.revert("counter_2").state == "unloaded"
        assert version_of_counters(machine) == {1}
        expect_exact(machine)


def test_without_a_format_for_the_way_back_it_is_stuck_and_both_versions_serve() -> None:
    with loaded_machine(clients=2) as machine:
        monitor = machine.monitor
        record = apply_whole(machine, Version(way_back='"counter.other/1"'))
        with pytest.raises(UpdateFailed, match=r"stuck: .* could not be brought to version 1: no common"):
            monitor.revert(record.id)
        known = info(machine, record)
        assert (known.state, known.failed) == ("stuck", 240)
        # New ones are made by the old version's factory again.
        machine.run_for(1_000_000)
        assert 2 in version_of_counters(machine)
        with pytest.raises(GuestError, match="in use"):
            monitor.unload("counter_2")
        expect_exact(machine)


def test_a_cancelled_update_without_a_way_back_is_stuck() -> None:
    with loaded_machine(clients=2) as machine:
        monitor = machine.monitor
        update = Version(
            way_back='"counter.other/1"', after="return kernel::Code::INVALID;", manifest='mode = "eager"'
        )
        with pytest.raises(UpdateFailed, match="stuck"):
            monitor.apply(update.build(), limit_ns=2_000_000_000)
        assert [each.state for each in monitor.modules()] == ["active", "failed"]
        assert 2 in version_of_counters(machine)
        expect_exact(machine)


def test_a_way_back_that_fails_once_can_be_gone_again() -> None:
    """Export fails for one instance, the first time that it is asked."""
    with loaded_machine(clients=2) as machine:
        monitor = machine.monitor
        failing = Version(export="if (number == 30) return kernel::Code::IO_ERROR;")
        record = apply_whole(machine, failing)
        with pytest.raises(UpdateFailed, match="stuck"):
            monitor.revert(record.id)
        assert info(machine, record).failed == 1
        assert monitor.revert(record.id).state == "unloaded"
        assert version_of_counters(machine) == {1}
        expect_exact(machine)
