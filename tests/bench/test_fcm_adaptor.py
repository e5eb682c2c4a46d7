"""Adaptors on every file cache, measured in small: every figure, in its bounds of meaning."""

from __future__ import annotations

import pytest

from emulator.bench.experiment import Setting
from emulator.bench.fcm_adaptor import EXPERIMENT, NONE, WAYS
from emulator.bench.findings import Findings
from tests.bench.quick_run import quick_run, quick_value


def quick() -> tuple[Findings, list[str]]:
    return quick_run(EXPERIMENT)


def value(name: str) -> float:
    return quick_value(EXPERIMENT, name)


def test_it_tells_of_as_many_parts_as_it_says() -> None:
    assert len(quick()[1]) == EXPERIMENT.parts(Setting(quick=True))


def test_calls_pass_adaptors_where_there_are_some() -> None:
    for way in WAYS:
        assert value(f"instructions_per_job_{way.name}") > 0
        if way is not NONE:
            assert value(f"calls_per_job_{way.name}") > 0
            assert 0 < value(f"share_{way.name}") < 100
            assert value(f"loss_{way.name}") <= 100


@pytest.mark.matrix
def test_fewer_calls_pass_them_once_the_regions_are_updated() -> None:
    assert value("calls_per_job_callers") < value("calls_per_job_interface")


@pytest.mark.matrix
def test_it_repeats_to_the_digit() -> None:
    assert EXPERIMENT.run(Setting(quick=True)) == quick()[0]
