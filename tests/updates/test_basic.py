"""All instances of a class are replaced under load, taken back and replaced again."""

from __future__ import annotations

import pytest

from tests.updates.counter_versions import (
    INSTANCES,
    Version,
    apply_whole,
    expect_exact,
    info,
    loaded_machine,
    version_of_counters,
)


@pytest.mark.parametrize("policy", ["round-robin", "random"])
def test_there_and_back_and_there_again(policy: str) -> None:
    with loaded_machine(clients=4, policy=policy) as machine:
        monitor = machine.monitor
        record = apply_whole(machine, Version())
        assert record.active
        known = info(machine, record)
        assert (known.failed, known.left, known.marked, known.unconverted) == (0, 0, 0, 0)
        assert known.converted >= INSTANCES
        assert [(each.from_version, each.to_version) for each in known.classes] == [(1, 2)]
        assert version_of_counters(machine) == {2}
        machine.run_for(500_000)
        assert monitor.revert("counter_2").state == "unloaded"
        assert version_of_counters(machine) == {1}
        assert [each.name for each in monitor.modules()] == ["allocator_race"]
        again = apply_whole(machine, Version())
        assert info(machine, again).classes[0].epoch == known.classes[0].epoch + 2
        assert version_of_counters(machine) == {2}
        expect_exact(machine)


def test_memory_after_a_revert_is_what_it_was() -> None:
    """But for the record of the update, which stays."""
    with loaded_machine() as machine:
        monitor = machine.monitor
        monitor.workload_stop("counters")
        monitor.workload_wait("counters")
        update = Version().build()

        def live() -> dict[str, int]:
            monitor.drain()
            return {each.tag: each.bytes for each in monitor.memory() if each.tag != "module"}

        monitor.apply(update)
        monitor.revert("counter_2")
        before = live()
        monitor.apply(update)
        monitor.revert("counter_2")
        assert live() == before
