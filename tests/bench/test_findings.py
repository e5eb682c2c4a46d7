"""What figures say of themselves."""

from __future__ import annotations

import pytest

from emulator.bench.experiment import select
from emulator.bench.findings import Aim, Figure, Findings
from emulator.bench.report.numbers import number, spread, verdict
from tests.bench.findings_of_all_sorts import FIGURES, experiment


def test_an_aim_from_above_is_strict_and_one_from_below_is_not() -> None:
    assert not Aim(most=5).met_by(5)
    assert Aim(most=5).met_by(4.9)
    assert Aim(least=1).met_by(1)
    assert not Aim(least=1).met_by(0.99)


def test_what_was_not_measured_meets_and_misses_nothing() -> None:
    assert [each.met for each in FIGURES] == [True, False, None, None]
    assert verdict(FIGURES[3]) == "at least 1: not measured"


def test_figures_are_found_by_name() -> None:
    assert Findings(FIGURES).figure("dip").value == 6.25
    with pytest.raises(KeyError, match="dips"):
        Findings(FIGURES).figure("dips")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (18, "18"),
        (1234.5, "1,234"),
        (0.5, "0.5"),
        (12.3456, "12.346"),
        (0.00012, "0.00012"),
        (None, "none"),
    ],
)
def test_numbers_as_people_read_them(value: float | None, shown: str) -> None:
    assert number(value) == shown


def test_a_spread_is_its_ends() -> None:
    assert spread(FIGURES[1]) == "1.5 to 9.75"
    assert spread(Figure("a", "a", 1, "ns")) == ""


def test_experiments_are_chosen_in_the_order_of_the_suite() -> None:
    suite = [experiment("a"), experiment("b"), experiment("c")]
    assert select(suite, ["c", "a"]) == [suite[0], suite[2]]
    assert select(suite, []) == suite
    with pytest.raises(KeyError, match="d"):
        select(suite, ["a", "d"])
