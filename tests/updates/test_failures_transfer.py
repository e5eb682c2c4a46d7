"""The transfer of some instance fails or faults, on the way to the new version or back from it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Final

import pytest

from emulator.monitor import UpdateFailed
from tests.updates.broken import ENDLESS, FAILURE, FAULT, Fault, broken
from tests.updates.failures import (
    CALLERS,
    CONVERTING,
    COUNTER,
    FILE_SYNC,
    PAGE_ALLOCATOR,
    RACE,
    Bench,
    Subject,
    bench,
    control,
    sampled,
)

_EVERY: Final = (*CONVERTING, PAGE_ALLOCATOR, CALLERS, RACE)
_OBJECTS: Final = {PAGE_ALLOCATOR: 1, CALLERS: 2, RACE: 1}
_WRONG: Final = {"fails": (FAILURE, "io_error"), "faults": (FAULT, "fault")}
_PLACES: Final = ("first", "middle", "last")
_CONVERT_NS: Final = 100_000_000


@cache
def instances(subject: Subject, clients: int) -> int:
    """That an eager update converts in just the run in which one of them is to fail."""
    if subject in _OBJECTS:
        return _OBJECTS[subject]
    with bench(subject, clients) as machine:
        assert machine.apply(broken(subject, Fault(on_import=FAILURE, mode="eager"))).active
        return machine.machine.monitor.updates()[-1].converted


def at(place: str, count: int) -> int:
    """The number of an instance, from 0."""
    return {"first": 0, "middle": (count - 1) // 2, "last": count - 1}[place]


def revert(machine: Bench) -> str:
    """Tries it; the update's state."""
    monitor = machine.machine.monitor
    if any(each.name == machine.subject.after and each.state == "active" for each in monitor.updates()):
        monitor.revert(machine.subject.after)
    try:
        return monitor.revert(machine.subject.module).state
    except UpdateFailed as failure:
        return failure.record.state


def expect_way_back_again(machine: Bench, clients: int) -> None:
    """What failed once is tried once more, and leads to the old version."""
    # What an adaptor leads into goes a little later.
    assert revert(machine) in ("unloaded", "reverted")
    if machine.subject.after:
        machine.end()
    else:
        machine.expect_old_version(control(machine.subject, clients))


def expect_import_ends_it(subject: Subject, place: str, code: str, reason: str, clients: int = 4) -> None:
    """Files that are closed meanwhile take their caches along: the import nearest to the place that comes."""
    eager = "eager" if subject in CONVERTING else ""
    for number in range(at(place, instances(subject, clients)), -1, -1):
        with bench(subject, clients) as machine:
            record = machine.apply(broken(subject, Fault(on_import=code, import_at=number, mode=eager)))
            if record.active:
                row = machine.machine.monitor.updates()[-1]
                assert (row.unconverted, row.failed) == (0, 0)
                continue
            assert (record.state, record.reason) == ("aborted", reason)
            machine.expect_old_version(control(subject, clients))
            return
    raise AssertionError("no import ended it")


@pytest.mark.parametrize("subject", sampled(_EVERY), ids=str)
def test_last_import(subject: Subject) -> None:
    expect_import_ends_it(subject, "last", FAULT, "fault")


@pytest.mark.matrix
@pytest.mark.parametrize("place", _PLACES)
@pytest.mark.parametrize("wrong", _WRONG)
@pytest.mark.parametrize("subject", _EVERY, ids=str)
def test_import_of_eight_clients(subject: Subject, wrong: str, place: str) -> None:
    expect_import_ends_it(subject, place, *_WRONG[wrong], clients=8)


@pytest.mark.matrix
@pytest.mark.parametrize("subject", _EVERY, ids=str)
def test_import_that_never_ends(subject: Subject) -> None:
    expect_import_ends_it(subject, "middle", ENDLESS, "timed_out")


@pytest.mark.parametrize(
    "place", [_PLACES[0], *(pytest.param(each, marks=pytest.mark.matrix) for each in _PLACES[1:])]
)
def test_import_of_a_lazy_update(place: str) -> None:
    """What is called before the update is active ends it. Later the instance serves on in the old version."""
    with bench(COUNTER) as machine:
        fault = Fault(on_import=FAULT, import_at=at(place, instances(COUNTER, 4)), mode="lazy")
        record = machine.apply(broken(COUNTER, fault))
        if record.active:
            monitor = machine.machine.monitor
            end = machine.machine.virtual_ns + _CONVERT_NS
            while monitor.updates()[-1].unconverted:
                assert machine.machine.virtual_ns < end
                machine.machine.run_for(200_000)
            assert monitor.updates()[-1].failed == 1
            monitor.revert(COUNTER.module)
        else:
            assert (record.state, record.reason) == ("aborted", "fault")
        machine.expect_old_version(control(COUNTER))


def fail_export(machine: Bench, fault: Fault, number: int) -> str:
    """The state of the update when it has been on its way back."""
    machine.restart()
    eager = "eager" if machine.subject in CONVERTING else ""
    record = machine.apply(broken(machine.subject, replace(fault, export_at=number, mode=eager)))
    return revert(machine) if record.active else record.state


@cache
def exports(subject: Subject, fault: Fault, clients: int) -> int:
    """Instances that are there to go back: those of the first version may have been destroyed meanwhile."""
    with bench(subject, clients) as machine:
        count = instances(subject, clients)
        while fail_export(machine, fault, count - 1) in ("unloaded", "reverted", "aborted"):
            count -= 1
        return count


def expect_export_to_be_tried_again(subject: Subject, place: str, fault: Fault, clients: int = 4) -> None:
    number = at(place, exports(subject, fault, clients))
    with bench(subject, clients) as machine:
        state = fail_export(machine, fault, number)
        if subject is FILE_SYNC and state in ("aborted", "unloaded"):
            # The file whose export failed was closed before it was looked for.
            machine.expect_old_version(control(subject, clients))
            return
        # One object that could not even begin to go back is in service as it was.
        assert state == "stuck" or (state == "active" and subject in _OBJECTS and not fault.after)
        machine.machine.run_for(500_000)
        expect_way_back_again(machine, clients)


@pytest.mark.parametrize("subject", _EVERY, ids=str)
def test_export_of_a_revert(subject: Subject) -> None:
    expect_export_to_be_tried_again(subject, "last", Fault(on_export=FAILURE))


@pytest.mark.parametrize("subject", [FILE_SYNC, CALLERS], ids=str)
def test_export_on_the_way_back_from_a_failure(subject: Subject) -> None:
    fault = Fault(after=FAILURE, on_export=FAULT)
    expect_export_to_be_tried_again(subject, "middle", fault)


@pytest.mark.matrix
@pytest.mark.parametrize("place", _PLACES)
@pytest.mark.parametrize("wrong", _WRONG)
@pytest.mark.parametrize("subject", _EVERY, ids=str)
def test_export_of_eight_clients(subject: Subject, wrong: str, place: str) -> None:
    code, _ = _WRONG[wrong]
    expect_export_to_be_tried_again(subject, place, Fault(on_export=code), clients=8)
    fault = Fault(after=FAILURE, on_export=code)
    expect_export_to_be_tried_again(subject, place, fault, clients=8)
