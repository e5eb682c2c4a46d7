"""The file-sync update under load, measured in small: every figure, in its bounds of meaning."""

from __future__ import annotations

import pytest

from emulator.abi.loader import ConversionMode
from emulator.bench.experiment import Setting
from emulator.bench.file_sync import EXPERIMENT, UPDATE
from emulator.bench.findings import Basis, Findings
from emulator.bench.installed import modules
from emulator.bench.loaded import Change, Load, LoadedMachine
from tests.bench.quick_run import quick_run, quick_value

SPAN_NS = 10_000_000


def quick() -> tuple[Findings, list[str]]:
    return quick_run(EXPERIMENT)


def value(name: str) -> float:
    return quick_value(EXPERIMENT, name)


def test_it_tells_of_as_many_parts_as_it_says() -> None:
    assert len(quick()[1]) == EXPERIMENT.parts(Setting(quick=True))


def test_all_instances_are_converted_in_the_span() -> None:
    assert value("instances") >= 24
    assert 0 < value("factory") < value("transition") < SPAN_NS
    assert 0 < value("marking") < value("transition")
    assert 0 < value("conversion") <= value("longest_wait")


@pytest.mark.matrix
def test_dips_are_shares_of_the_throughput() -> None:
    for name in ("dip", "dip_eager", "dip_usual_disk", "dip_long_turns", "dip_alone", "dip_client_time"):
        assert value(name) <= 100
    assert value("worst_bin") > 0
    assert value("worst_bin_control") > 0


def test_calls_that_waited_are_all_in_the_distribution() -> None:
    waits = next(plot for plot in quick()[0].plots if plot.name == "waits")
    assert sum(waits.series[0].y) == value("calls_waiting")
    assert all(len(series.y) == len(waits.categories) for series in waits.series)


@pytest.mark.matrix
def test_only_the_module_is_measured_in_wall_time() -> None:
    wall = {each.name for each in quick()[0].figures if each.basis is Basis.WALL}
    assert wall == {"module_link", "module_copy", "module_load"}
    assert value("module_load") == pytest.approx(value("module_link") + value("module_copy"))


@pytest.mark.matrix
def test_both_curves_are_one_until_the_update_comes() -> None:
    plot = next(plot for plot in quick()[0].plots if plot.name == "throughput_over_clients")
    without, updated = plot.series
    assert list(without.x) == list(updated.x)
    assert without.y[0] == updated.y[0] > 0


@pytest.mark.matrix
def test_it_repeats_to_the_digit() -> None:
    again = EXPERIMENT.run(Setting(quick=True))
    for figure in quick()[0].figures:
        if figure.basis is Basis.VIRTUAL:
            assert again.figure(figure.name) == figure
    assert again.plots == quick()[0].plots


def test_a_span_is_longer_where_the_last_conversion_comes_late() -> None:
    short_ns = 2_000_000
    with LoadedMachine(Load(1, kept_files=2)) as machine:
        without, (changed,) = machine.compare(short_ns, [Change(modules(UPDATE), ConversionMode.LAZY)])
    assert changed.converted
    assert changed.transitions[0].converted >= 16
    assert without.span_ns == changed.span_ns >= changed.transitions[0].ended_ns
    assert without.span_ns > short_ns
