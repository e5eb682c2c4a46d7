"""The code that makes what takes over, or prepares it, fails, faults or never ends: the old one stays."""

from __future__ import annotations

from typing import Final

import pytest

from tests.updates.broken import ENDLESS, FAILURE, FAULT, Fault, broken
from tests.updates.failures import (
    CALLERS,
    CONVERTING,
    FCM_UNMAP,
    PAGE_ALLOCATOR,
    RACE,
    Subject,
    bench,
    control,
)

_OBJECTS: Final = (PAGE_ALLOCATOR, CALLERS, RACE)
"""Nobody but their update makes any: of the others a client may be the first to make one."""
_WRONG: Final = {"fails": (FAILURE, "io_error"), "faults": (FAULT, "fault")}


def expect_abort(subject: Subject, fault: Fault, reason: str, clients: int = 4) -> None:
    with bench(subject, clients) as machine:
        record = machine.apply(broken(subject, fault))
        assert (record.state, record.reason) == ("aborted", reason)
        machine.expect_old_version(control(subject, clients))


@pytest.mark.parametrize("wrong", _WRONG)
@pytest.mark.parametrize("subject", [FCM_UNMAP, PAGE_ALLOCATOR], ids=str)
def test_preparation(subject: Subject, wrong: str) -> None:
    code, reason = _WRONG[wrong]
    expect_abort(subject, Fault(prepare=code), reason)


def test_constructor_faults() -> None:
    expect_abort(PAGE_ALLOCATOR, Fault(construct=FAULT), "fault")


@pytest.mark.matrix
@pytest.mark.parametrize("wrong", _WRONG)
@pytest.mark.parametrize("subject", [*CONVERTING, *_OBJECTS], ids=str)
def test_preparation_with_eight_clients(subject: Subject, wrong: str) -> None:
    code, reason = _WRONG[wrong]
    expect_abort(subject, Fault(prepare=code), reason, clients=8)


@pytest.mark.matrix
@pytest.mark.parametrize("subject", _OBJECTS, ids=str)
def test_constructor_faults_with_eight_clients(subject: Subject) -> None:
    expect_abort(subject, Fault(construct=FAULT), "fault", clients=8)


@pytest.mark.matrix
@pytest.mark.parametrize("subject", [FCM_UNMAP, *_OBJECTS], ids=str)
def test_preparation_never_ends(subject: Subject) -> None:
    """It has a second of virtual time."""
    expect_abort(subject, Fault(prepare=ENDLESS), "timed_out")


@pytest.mark.matrix
@pytest.mark.parametrize("subject", _OBJECTS, ids=str)
def test_constructor_never_ends(subject: Subject) -> None:
    expect_abort(subject, Fault(construct=ENDLESS), "timed_out")
