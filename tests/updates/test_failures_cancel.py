"""A cancel at each moment from apply to active: the update is cancelled or active, never both."""

from __future__ import annotations

from functools import cache
from typing import Final

import pytest

from emulator.abi.mailbox import EventKind
from emulator.errors import GuestError
from tests.updates.failures import COUNTER, SUBJECTS, Bench, Subject, bench, control, sampled

EVERY: Final = 1_000
"""Instructions."""
EVERY_OF_MANY: Final = 20_000
"""Where there are so many instances that the way takes twenty times as long."""
_SAMPLE: Final = 4
_LIMIT_NS: Final = 200_000_000


def begin(machine: Bench) -> int:
    """Starts to apply the update, until it is known; the id of the load."""
    machine.restart()
    monitor = machine.machine.monitor
    load = monitor.start_apply(machine.subject.build())
    while all(each.name != machine.subject.module for each in monitor.update_records):
        machine.machine.run_for(EVERY)
    return load


@cache
def duration(subject: Subject, clients: int) -> int:
    """Virtual time from there to its end."""
    with bench(subject, clients) as machine:
        load = begin(machine)
        start = machine.machine.virtual_ns
        while machine.machine.monitor.load_outcome(load) is None:
            machine.machine.run_for(EVERY)
            assert machine.machine.virtual_ns < start + _LIMIT_NS
        return machine.machine.virtual_ns - start


def decided(machine: Bench) -> list[str]:
    """All that the guest has told of the end of the update, in order."""
    told = [
        str(event.values[3])
        for event in machine.machine.devices.mailbox.events_since(0)
        if event.kind is EventKind.UPDATE_STATE and event.values[2] == machine.subject.module
    ]
    return [
        state
        for at, state in enumerate(told)
        if state in ("active", "aborted", "stuck") and state not in told[:at]
    ]


def expect_one_end(machine: Bench, after_ns: int, clients: int) -> None:
    load = begin(machine)
    machine.machine.run_for(after_ns)
    without = control(machine.subject, clients)
    try:
        machine.machine.monitor.cancel(machine.subject.module)
    except GuestError as refused:
        assert "active, not applying" in str(refused) or "REFUSED" in str(refused)
        assert machine.outcome(load).state == "active"
        assert decided(machine) == ["active"]
        machine.expect_reverted(without)
    else:
        record = machine.outcome(load)
        assert (record.state, record.reason) == ("aborted", "cancelled")
        assert decided(machine) == ["aborted"]
        machine.expect_old_version(without)


@pytest.mark.parametrize("part", range(_SAMPLE))
@pytest.mark.parametrize("subject", sampled(SUBJECTS), ids=str)
def test_at_some_moments(subject: Subject, part: int) -> None:
    with bench(subject) as machine:
        expect_one_end(machine, duration(subject, 4) * part // _SAMPLE, clients=4)


@pytest.mark.matrix
@pytest.mark.parametrize("subject", SUBJECTS, ids=str)
def test_at_every_thousandth_instruction(subject: Subject) -> None:
    every = EVERY_OF_MANY if subject is COUNTER else EVERY
    wrong = []
    with bench(subject, clients=8) as machine:
        for after_ns in range(0, duration(subject, 8) + every, every):
            try:
                expect_one_end(machine, after_ns, clients=8)
            except (AssertionError, GuestError) as failure:
                wrong.append(f"after {after_ns} ns: {failure}")
    assert wrong == []
