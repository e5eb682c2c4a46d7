"""The experiment on adaptors: its figures mean what they say."""

from functools import cache

from emulator.bench.adaptors import EXPERIMENT
from emulator.bench.experiment import Setting
from emulator.bench.findings import Findings

KINDS = ("arbiter", "arbiter_both_ways", "null", "renumbering", "widening", "summing")


@cache
def found() -> Findings:
    return EXPERIMENT.run(Setting(quick=True))


def above(kind: str) -> float:
    value = found().figure(f"{kind}_above_call").value
    assert value is not None
    return value


def test_whatever_stands_in_front_costs_something() -> None:
    assert all(above(kind) > 0 for kind in KINDS)
    assert list(found().plots[0].series[0].y) == [above(kind) for kind in KINDS]


def test_who_does_more_costs_more() -> None:
    assert above("null") == above("renumbering") < above("widening")
    assert above("null") < above("summing")
    assert above("arbiter") < above("arbiter_both_ways")


def test_the_figures_are_the_same_each_time_and_with_every_number_of_passes() -> None:
    parts: list[str] = []
    again = EXPERIMENT.run(Setting(quick=True, seed=7, on_part=parts.append))
    assert again.figures == found().figures
    assert len(parts) == EXPERIMENT.parts(Setting(quick=True))
