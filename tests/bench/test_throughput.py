"""The experiment on throughput: its figures mean what they say. It takes a second kernel."""

from functools import cache

import pytest

from emulator.bench.experiment import Setting
from emulator.bench.findings import Findings
from emulator.bench.job_runs import LoadedKernel
from emulator.bench.throughput import EXPERIMENT
from toolchain.kernel import WITHOUT_FACTORIES, build_kernel

pytestmark = pytest.mark.matrix


@cache
def found() -> Findings:
    return EXPERIMENT.run(Setting(quick=True))


def test_both_curves_lie_within_their_spread() -> None:
    (plot,) = found().plots
    assert [series.x for series in plot.series] == [plot.series[0].x] * 2
    for series in plot.series:
        curve = zip(series.low, series.y, series.high, strict=True)
        assert all(0 < low <= middle <= high for low, middle, high in curve)


def test_objects_are_created_by_factories() -> None:
    assert 0 < (found().figure("created_by_factory").value or 0) <= 100
    assert (found().figure("objects_per_job").value or 0) > 0


def test_the_same_seed_gives_the_same_figures() -> None:
    parts: list[str] = []
    again = EXPERIMENT.run(Setting(quick=True, on_part=parts.append))
    assert again == found()
    assert len(parts) == EXPERIMENT.parts(Setting(quick=True))


def test_a_kernel_without_factories_has_none_and_does_its_jobs_well() -> None:
    kernel = LoadedKernel.of(build_kernel(flags=WITHOUT_FACTORIES))
    with kernel.started(4, 10, 1) as started:
        assert started.wait().operations == 4 * 10
        assert started.machine.monitor.factories() == []
