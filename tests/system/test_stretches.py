"""Timing stretches of the guest's run: unseen by the guest (that they are exact: tests/machine)."""

from __future__ import annotations

import pytest

from emulator import Machine
from emulator.bench.stretches import StretchReport, StretchWatch
from tests.system.machines import ready_machine

SPAN_NS = 2_000_000


def run_counters(machine: Machine) -> None:
    machine.monitor.workload_start("counters", clients=2)
    machine.run_for(SPAN_NS)
    machine.monitor.swap("counter", "PartitionedCounter")
    machine.run_for(SPAN_NS)


def watched(policy: str) -> tuple[StretchReport, str, str]:
    with ready_machine(policy=policy) as machine, StretchWatch(machine) as watch:
        run_counters(machine)
        return watch.report(), machine.hardware.state_hash(), machine.hardware.schedule_digest()


@pytest.mark.parametrize("policy", ["round-robin", "random"])
def test_watching_does_not_disturb(policy: str) -> None:
    with ready_machine(policy=policy) as machine:
        run_counters(machine)
        unwatched = machine.hardware.state_hash(), machine.hardware.schedule_digest()
    assert watched(policy)[1:] == unwatched


def test_every_cpu_beats_and_has_interrupts_off_for_short() -> None:
    report, _, _ = watched("round-robin")
    assert all(each.count > 100 for each in report.gaps)
    assert all(0 < each.ns < SPAN_NS for each in report.gaps)
    assert all(each.count > 100 and each.ns > 0 for each in report.interrupts_off)


def test_figures_begin_anew() -> None:
    with ready_machine() as machine, StretchWatch(machine) as watch:
        run_counters(machine)
        watch.restart()
        assert all(each.count == 0 for each in watch.report().gaps)


def test_calls_that_wait_for_a_swap_are_those_that_the_guest_counts() -> None:
    with ready_machine() as machine, StretchWatch(machine) as watch:
        machine.monitor.workload_start("counting", clients=8)
        machine.run_for(SPAN_NS)
        record = machine.monitor.swap("counter", "PartitionedCounter")
        blocked = watch.report().blocked
    assert blocked.count == record.calls_blocked > 0
    # The guest's own time includes that of its reading the clock.
    assert 0 < blocked.ns <= record.blocked_ns_max
