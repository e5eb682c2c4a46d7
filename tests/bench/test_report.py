"""The page, its pictures and the document of a run."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree

import pytest

from emulator.bench.experiment import Setting
from emulator.bench.findings import Plot
from emulator.bench.report.document import document
from emulator.bench.report.page import render
from emulator.bench.report.plots import draw
from emulator.bench.run import SuiteRun, run_suite
from tests.bench.findings_of_all_sorts import FIGURES, PLOTS, experiment

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def run() -> SuiteRun:
    return run_suite(
        [experiment(), experiment("bad", broken=True)], Setting(seed=3), lambda _name, _part: None
    )


@pytest.fixture(scope="module")
def page(run: SuiteRun) -> str:
    return render(run)


def test_the_page_has_every_figure_with_its_unit_and_the_reference(page: str) -> None:
    for figure in FIGURES:
        assert f"<td>{figure.what}</td>" in page
        assert f"<td>{figure.unit}" in page
    assert "K42: 228 cycles" in page
    assert "below 5: missed" in page
    assert "1.5 to 9.75" in page


def test_the_page_needs_nothing_but_itself(page: str) -> None:
    assert "<script" not in page
    assert not re.search(r"""(src|href|xlink:href)=["'](?!#)""", page)
    assert not re.search(r"url\((?!#)", page)
    assert "@import" not in page


def test_text_is_text(page: str) -> None:
    assert "no &lt;QEMU&gt; here" in page
    assert "a &lt; b &amp; c" in page


def test_an_experiment_that_failed_is_told(page: str) -> None:
    assert "It failed: the guest panicked" in page


@pytest.mark.parametrize("plot", PLOTS, ids=lambda plot: plot.name)
def test_a_picture_names_its_axes_with_units_series_and_events(plot: Plot) -> None:
    texts = [each.text for each in ElementTree.fromstring(draw(plot)).iter(f"{SVG}text")]
    assert {plot.x_label, plot.y_label} <= set(texts)
    assert {each.name for each in plot.series} <= set(texts)
    assert {each.label for each in plot.events} <= set(texts)
    assert set(plot.categories) <= set(texts)


def test_the_same_findings_give_the_same_picture() -> None:
    assert [draw(plot) for plot in PLOTS] == [draw(plot) for plot in PLOTS]


def test_the_document_has_every_figure_by_name(run: SuiteRun) -> None:
    found = json.loads(json.dumps(document(run)))
    assert found["seed"] == 3
    good, bad = (found["experiments"][name] for name in ("good", "bad"))
    assert good["figures"]["null"]["value"] == 18
    assert good["figures"]["null"]["met"] is True
    assert good["figures"]["null"]["aim"] == {"most": 80, "least": None}
    assert good["figures"]["ratio"]["value"] is None
    assert good["plots"]["bins"]["series"][0]["y"] == [5, 4, 5]
    assert good["error"] is None
    assert bad == {**bad, "error": "the guest panicked", "figures": {}, "plots": {}}
