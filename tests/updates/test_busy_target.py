"""Somebody is inside and does not come out: the update waits, everybody else goes on, then it completes."""

from __future__ import annotations

from emulator.machine import Until
from tests.updates.counter_versions import Version, expect_exact, info, loaded_machine, version_of_counters


def test_the_update_waits_for_a_client_that_is_held() -> None:
    with loaded_machine(clients=4) as machine:
        monitor = machine.monitor
        inside = machine.symbols.address("services::v1::SharedCounter::increment")
        assert machine.run(Until(cpu=0, address=inside)).reached
        client = machine.cpus[0].thread
        monitor.hold_thread(client)
        load = monitor.start_apply(Version().build())
        machine.run_for(3_000_000)
        before = monitor.workload_status("counters").operations
        machine.run_for(2_000_000)
        record = monitor.update_records[-1]
        assert (record.name, info(machine, record).state) == ("counter_2", "applying")
        assert monitor.workload_status("counters").operations > before
        monitor.release_thread(client)
        while (outcome := monitor.load_outcome(load)) is None:
            machine.run_for(1_000_000)
        assert outcome.active
        assert 2 in version_of_counters(machine)
        expect_exact(machine)
