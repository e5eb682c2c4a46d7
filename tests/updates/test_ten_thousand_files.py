"""Ten thousand open files, and an update of the class of all of them: the machine goes on serving.

With ``--log-cli-level=INFO`` it shows the figures.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Final

from emulator import Machine, SystemConfig
from emulator.bench.stretches import StretchReport, StretchWatch
from tests.system.machines import kernel, module
from tests.updates.identity import Identity

LOG: Final = logging.getLogger(__name__)
FILES: Final = 10_000
CLASS: Final = Identity("FileRepresentativeDisk", "services/files/file_representative_disk")
WORKLOAD: Final = "open-files"
CLIENTS: Final = 4
QUANTUM: Final = 1_013
"""A CPU that spins for a lock does so for a turn of the machine's, which adds that to a stretch.

Not in step with the clients' loop: with turns of 1,000 one CPU may lose every race for a lock for 7 ms,
without any update.
"""
LOCKS_IN_A_ROW: Final = 5
"""For which a CPU waits with interrupts off, from an interrupt to where the thread that it woke goes on."""
LIMIT_NS: Final = 20_000_000_000
WINDOW_NS: Final = 30_000_000
"""What is measured: longer than the update takes from its first call to where all instances are marked."""
TICK_NS: Final = 100_000
"""A thread's turn on its CPU."""
MARKING_NS: Final = 50 * FILES // 2
"""For which each of two CPUs marks what is at home there, before its clients go on."""
WAIT_NS: Final = 1_000_000
"""What a call may wait until its object is converted, by a thread that shares the CPU with others."""
PREEMPTION_OFF_NS: Final = 1_000


@dataclass(frozen=True)
class Window:
    """What was seen while the clients called their files."""

    report: StretchReport
    operations: int
    errors: int
    version: int
    converted: int


def measure(*, update: bool) -> Window:
    """From a machine on which all files are open."""
    config = SystemConfig(cpus=2, quantum=QUANTUM, kernel=kernel().path)
    with Machine(config) as machine:
        machine.run_until_ready()
        monitor = machine.monitor
        monitor.apply(module("allocator_race"))
        monitor.workload_start(WORKLOAD, clients=CLIENTS)
        while monitor.workload_status(WORKLOAD).operations < FILES + 1_000:
            machine.run_for(10_000_000)
        before = monitor.workload_status(WORKLOAD).operations
        with StretchWatch(machine) as watch:
            start = machine.virtual_ns
            if update:
                assert monitor.apply(CLASS.build(shifted=True), limit_ns=LIMIT_NS).active
            machine.run_for(start + WINDOW_NS - machine.virtual_ns)
            report = watch.report()
        info = next(each for each in monitor.factories() if each.class_name == CLASS.name)
        operations = monitor.workload_status(WORKLOAD).operations - before
        monitor.workload_stop(WORKLOAD)
        done = monitor.workload_wait(WORKLOAD, limit_ns=LIMIT_NS)
        return Window(report, operations, done.errors, info.version, info.current)


def test_machine_goes_on_serving() -> None:
    without, updated = measure(update=False), measure(update=True)
    for name, window in (("without", without), ("with", updated)):
        LOG.info("%s: %s", name, window)
    assert (without.errors, updated.errors) == (0, 0)
    assert (without.version, updated.version) == (1, 2)
    # Lazily: what was called has been converted, and nothing else needs to be.
    assert 0 < updated.converted <= FILES
    assert updated.report.converting.count > 0
    assert updated.report.longest_wait < WAIT_NS
    for before, after in zip(without.report.gaps, updated.report.gaps, strict=True):
        assert after.count > 0
        assert after.ns <= before.ns + MARKING_NS + TICK_NS
    most_off = without.report.longest_interrupts_off + LOCKS_IN_A_ROW * QUANTUM
    assert updated.report.longest_interrupts_off <= most_off
    assert updated.report.preemption_off.ns <= PREEMPTION_OFF_NS
