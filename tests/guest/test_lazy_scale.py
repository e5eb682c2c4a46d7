"""Marking thousands to a million instances, and the cost of a first call, by instruction count."""

import re
from typing import Final

import pytest

from tests.guest.support import Schedule, expect_all_ok, run_tests, shipped_kernel

MILLION_NS: Final = 20_000_000_000
"""Virtual time in which a million instances are made, marked and destroyed, with much to spare."""


def test_marking_is_linear_and_never_long_at_a_time() -> None:
    names = """
        first_call_costs_its_caller_a_few_thousand_instructions
        ten_thousand_instances_are_marked_in_linear_time
    """
    expect_all_ok("lazyscale", names, Schedule())


@pytest.mark.matrix
def test_marking_is_linear_up_to_a_million() -> None:
    run = run_tests(shipped_kernel(), "lazyhuge.", Schedule(), limit_ns=MILLION_NS, memory=1 << 30)
    assert run.failure == ""
    assert [int(count) for count in re.findall(r"marking: \d+ instructions for (\d+)", run.console)] == [
        1_000,
        10_000,
        100_000,
        1_000_000,
    ]
