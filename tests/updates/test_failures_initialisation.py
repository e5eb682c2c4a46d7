"""The initialisation of an update's module fails, faults or never ends: the old version goes on."""

from __future__ import annotations

import pytest

from tests.updates.broken import ENDLESS, ENDLESS_WITHOUT_INTERRUPTS, FAILURE, FAULT, Fault, broken
from tests.updates.failures import FCM_UNMAP, SUBJECTS, Subject, bench, control, sampled

_WRONG = {
    "fails": (FAILURE, "io_error"),
    "faults": (FAULT, "fault"),
    "never ends": (ENDLESS, "timed_out"),
    "never ends with interrupts off": (ENDLESS_WITHOUT_INTERRUPTS, "timed_out"),
}


def expect_veto(subject: Subject, fault: Fault, reason: str, clients: int) -> None:
    with bench(subject, clients) as machine:
        record = machine.apply(broken(subject, fault))
        assert (record.state, record.reason) == ("aborted", reason), record.text
        machine.expect_old_version(control(subject, clients))


@pytest.mark.parametrize("wrong", _WRONG)
def test_before_anything_is_done(wrong: str) -> None:
    code, reason = _WRONG[wrong]
    expect_veto(FCM_UNMAP, Fault(before=code), reason, clients=4)


@pytest.mark.parametrize("wrong", _WRONG)
def test_when_all_is_done(wrong: str) -> None:
    """What is in service by then is taken back."""
    code, reason = _WRONG[wrong]
    expect_veto(FCM_UNMAP, Fault(after=code), reason, clients=4)


@pytest.mark.parametrize("subject", sampled(SUBJECTS), ids=str)
def test_of_each_update(subject: Subject) -> None:
    expect_veto(subject, Fault(after=FAULT), "fault", clients=4)


@pytest.mark.matrix
@pytest.mark.parametrize("place", ["before", "after"])
@pytest.mark.parametrize("wrong", _WRONG)
@pytest.mark.parametrize("subject", SUBJECTS, ids=str)
def test_of_eight_clients(subject: Subject, wrong: str, place: str) -> None:
    code, reason = _WRONG[wrong]
    fault = Fault(before=code) if place == "before" else Fault(after=code)
    expect_veto(subject, fault, reason, clients=8)
