"""The experiment on factories: its figures mean what they say. It takes a second kernel."""

from functools import cache

import pytest

from emulator.bench.experiment import Setting
from emulator.bench.factories import EXPERIMENT
from emulator.bench.findings import Findings

pytestmark = pytest.mark.matrix

KINDS = ("dummy", "fcm", "process")
STEPS = ("create", "destroy")


@cache
def found() -> Findings:
    return EXPERIMENT.run(Setting(quick=True))


def value(name: str) -> float:
    figure = found().figure(name).value
    assert figure is not None
    return figure


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_factory_costs_something_and_less_than_the_object_itself(kind: str, step: str) -> None:
    more = value(f"{kind}_{step}_factory_cost")
    assert 0 < more < value(f"{kind}_{step}_static")
    assert 0 < value(f"{kind}_{step}_overhead") < 100


def test_the_dearer_an_object_the_smaller_the_share_of_its_factory() -> None:
    shares = [value(f"{kind}_create_overhead") for kind in KINDS]
    assert shares == sorted(shares, reverse=True)
    costs = [value(f"{kind}_create_static") for kind in KINDS]
    assert costs == sorted(costs)


def test_what_tracks_an_object_takes_no_heap() -> None:
    assert value("dummy_heap") > 0
    assert value("factory_heap_cost") == 0


def test_the_same_seed_gives_the_same_figures() -> None:
    parts: list[str] = []
    again = EXPERIMENT.run(Setting(quick=True, on_part=parts.append))
    assert again == found()
    assert len(parts) == EXPERIMENT.parts(Setting(quick=True))
