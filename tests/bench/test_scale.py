"""The experiment gives its figures, within what they mean; how large they are is for the report."""

import pytest

from emulator.bench import scale
from emulator.bench.experiment import Setting
from emulator.bench.findings import Findings
from emulator.bench.growth import exponent
from emulator.bench.scale_clients import measure_clients
from emulator.bench.scale_cpus import measure_cpus
from emulator.bench.scale_instances import measure_size


def test_an_exponent_says_how_something_grows() -> None:
    x = [1, 10, 100]
    assert exponent(x, [7, 70, 700]) == pytest.approx(1)
    assert exponent(x, [3, 300, 30_000]) == pytest.approx(2)
    assert exponent(x, [5, 5, 5]) == pytest.approx(0)
    # What cannot be drawn on such axes is left out.
    assert exponent(x, [0, 70, 700]) == pytest.approx(1)
    assert exponent(x, [0, 0, 700]) is None


def test_every_instance_is_marked_and_converted_by_itself() -> None:
    few, many = measure_size(100, 1), measure_size(1_000, 1)
    for at in (few, many):
        assert len(at.steps.marking) == 2
        assert at.conversion is not None and at.conversion > at.marking > 0
    # Ten times as many cost less than ten times as much, for a beginning and an end are the same.
    assert sum(few.steps.marking) < sum(many.steps.marking) < 10 * sum(few.steps.marking)
    assert few.steps.conversions < many.steps.conversions
    # To the last digit.
    assert measure_size(100, 1) == few


@pytest.fixture(scope="module")
def findings() -> Findings:
    parts: list[str] = []
    setting = Setting(quick=True, on_part=parts.append)
    found = scale.EXPERIMENT.run(setting)
    assert len(parts) == scale.EXPERIMENT.parts(setting)
    return found


@pytest.mark.matrix
def test_everything_is_measured(findings: Findings) -> None:
    names = [figure.name for figure in findings.figures]
    assert len(set(names)) == len(names)
    # A few thousand instances do not fill the pages that it takes to tell their size.
    assert [figure.name for figure in findings.figures if figure.value is None] == ["memory_per_instance"]
    flatness = findings.figure("marking_flatness").value
    assert flatness is not None and flatness >= 1
    for plot in findings.plots:
        assert all(len(series.x) == len(series.y) > 1 for series in plot.series), plot.name


@pytest.mark.matrix
def test_loaded_machines_are_the_same_again() -> None:
    assert measure_cpus(2, 1) == measure_cpus(2, 1)
    assert measure_clients(4, 1) == measure_clients(4, 1)


@pytest.mark.matrix
def test_each_cpu_marks_its_share() -> None:
    alone, four = measure_cpus(1, 1), measure_cpus(4, 1)
    assert (len(alone.steps.marking), len(four.steps.marking)) == (1, 4)
    assert four.steps.marking_ns < alone.steps.marking_ns
