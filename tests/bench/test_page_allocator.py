"""The page allocator's change of interface, measured in small: every figure, in its bounds of meaning."""

from __future__ import annotations

import pytest

from emulator.bench.experiment import Setting
from emulator.bench.findings import Basis, Findings
from emulator.bench.page_allocator import EXPERIMENT
from tests.bench.quick_run import quick_run, quick_value

SPAN_NS = 10_000_000


def quick() -> tuple[Findings, list[str]]:
    return quick_run(EXPERIMENT)


def value(name: str) -> float:
    return quick_value(EXPERIMENT, name)


def test_it_tells_of_as_many_parts_as_it_says() -> None:
    assert len(quick()[1]) == EXPERIMENT.parts(Setting(quick=True))


def test_calls_pass_the_adaptor_until_the_callers_follow() -> None:
    assert value("adaptor_calls") > 0
    assert 0 < value("adaptor_share") < 100
    assert 0 < value("transition_callers") < value("adaptor_gone") < SPAN_NS
    assert 0 < value("transition") < SPAN_NS


def test_dips_are_shares_of_the_throughput() -> None:
    for name in ("dip_adaptor", "dip_afterwards"):
        assert value(name) <= 100


def test_nothing_of_it_is_wall_time() -> None:
    assert {each.basis for each in quick()[0].figures} == {Basis.VIRTUAL}


@pytest.mark.matrix
def test_it_repeats_to_the_digit() -> None:
    assert EXPERIMENT.run(Setting(quick=True)) == quick()[0]
