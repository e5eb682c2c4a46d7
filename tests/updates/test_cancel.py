"""An update is cancelled while it is being applied: the old version is back, whatever was converted."""

from __future__ import annotations

import pytest

from emulator import Machine
from emulator.errors import GuestError
from emulator.machine import Until
from emulator.monitor import UpdateFailed, UpdateRecord
from tests.updates.counter_versions import (
    Version,
    apply_whole,
    expect_exact,
    info,
    loaded_machine,
    version_of_counters,
)


def _begin(machine: Machine, update: Version, run_ns: int) -> tuple[int, UpdateRecord]:
    """Starts to apply it and lets the machine run for a while; the load's id and what is known of it."""
    monitor = machine.monitor
    load = monitor.start_apply(update.build())
    while not any(record.name == update.module_name for record in monitor.update_records):
        machine.run_for(10_000)
    machine.run_for(run_ns)
    return load, next(record for record in monitor.update_records if record.name == update.module_name)


def _outcome(machine: Machine, load: int) -> UpdateRecord:
    while (record := machine.monitor.load_outcome(load)) is None:
        machine.run_for(1_000_000)
    return record


def _expect_old_version(machine: Machine, load: int) -> None:
    record = _outcome(machine, load)
    assert (record.state, record.reason) == ("aborted", "cancelled")
    assert version_of_counters(machine) == {1}
    assert [each.name for each in machine.monitor.modules()] == ["allocator_race"]
    factory = next(each for each in machine.monitor.factories() if each.class_name == "SharedCounter")
    assert (factory.version, factory.old, factory.marked, factory.failed) == (1, 0, 0, 0)


@pytest.mark.parametrize("mode", ["eager", "lazy"])
@pytest.mark.parametrize("after_ns", [0, 50_000, 400_000, 1_500_000, 4_000_000])
def test_at_any_time_exactly_one_of_cancelled_and_active(mode: str, after_ns: int) -> None:
    """From the initialisation, over the factory's swap and the marks, into the conversions."""
    with loaded_machine(clients=4) as machine:
        update = Version(manifest=f'mode = "{mode}"')
        load, record = _begin(machine, update, after_ns)
        try:
            machine.monitor.cancel(record.id)
        except GuestError as refused:
            assert "REFUSED" in str(refused)
            assert _outcome(machine, load).state == "active"
            assert info(machine, record).state == "active"
        else:
            _expect_old_version(machine, load)
        expect_exact(machine)


def test_after_the_last_class_while_the_initialisation_still_runs() -> None:
    with loaded_machine(clients=2) as machine:
        waits = "kernel::sleep_until(kernel::now_ns() + 40'000'000);"
        update = Version(after=waits, includes=("kernel/clock.h", "kernel/thread.h"))
        load, record = _begin(machine, update, 0)
        while not info(machine, record).converted:
            machine.run_for(500_000)
        machine.monitor.cancel(record.id)
        _expect_old_version(machine, load)
        expect_exact(machine)


def test_what_cannot_be_undone_is_refused_with_its_reason() -> None:
    with loaded_machine() as machine:
        monitor = machine.monitor
        update = Version(manifest='irreversible = "the counts before are lost"')
        record = apply_whole(machine, update)
        with pytest.raises(GuestError, match="cannot be undone: the counts before are lost"):
            monitor.revert(record.id)
        with pytest.raises(GuestError, match="cannot be undone: the counts before are lost"):
            monitor.cancel(record.id)
        assert version_of_counters(machine) == {2}
        expect_exact(machine)


def test_a_time_limit_cancels_by_itself_and_names_who_stalls() -> None:
    """A client that is held stays counted, so the factory's swap waits for it."""
    with loaded_machine(clients=2) as machine:
        monitor = machine.monitor
        inside = machine.symbols.address("services::v1::SharedCounter::increment")
        assert machine.run(Until(cpu=0, address=inside)).reached
        client = machine.cpus[0].thread
        monitor.hold_thread(client)
        update = Version(options="{.step_limit_ns = 20'000'000}")
        load, record = _begin(machine, update, 250_000_000)
        assert info(machine, record).state in ("cancelling", "aborted")
        stalled = [each for each in record.stalled if each.thread == client]
        assert stalled
        assert (stalled[0].step, stalled[0].name) == ("factory", "client")
        assert stalled[0].stack
        monitor.release_thread(client)
        outcome = _outcome(machine, load)
        assert (outcome.state, outcome.reason) == ("aborted", "timed_out")
        assert version_of_counters(machine) == {1}
        expect_exact(machine)


def test_a_cancel_without_an_update_is_refused() -> None:
    with loaded_machine() as machine:
        record = machine.monitor.apply(Version().build(), limit_ns=2_000_000_000)
        with pytest.raises(GuestError, match="counter_2 is active, not applying"):
            machine.monitor.cancel(record.id)
        expect_exact(machine)


def test_an_update_that_failed_can_be_applied_again() -> None:
    with loaded_machine() as machine:
        monitor = machine.monitor
        with pytest.raises(UpdateFailed):
            monitor.apply(Version(on_import="if (number == 3) return kernel::Code::INVALID;").build())
        assert version_of_counters(machine) == {1}
        assert apply_whole(machine, Version()).active
        assert version_of_counters(machine) == {2}
        expect_exact(machine)
