"""``evergreen bench``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from emulator.bench.suite import EXPERIMENTS
from tests.cli.commands import call

Captured = pytest.CaptureFixture[str]


def test_experiments_are_listed_in_the_order_of_the_report(capsys: Captured) -> None:
    names = [each.name for each in EXPERIMENTS]
    assert [line.split()[0] for line in call(capsys, "bench", "--list").out.splitlines()] == names
    listed = call(capsys, "bench", "--list", "--json").document["experiments"]
    assert [each["name"] for each in listed] == names


def test_two_side_by_side_give_page_file_and_table(capsys: Captured, tmp_path: Path) -> None:
    page = tmp_path / "costs.html"
    run = call(capsys, "bench", "--quick", "adaptors", "indirection", "-o", page)
    assert run.code == 0
    found = json.loads(page.with_suffix(".json").read_text())
    # In the order of the suite, whatever was said.
    assert list(found["experiments"]) == ["indirection", "adaptors"]
    for name, experiment in found["experiments"].items():
        assert experiment["error"] is None
        assert f'<h2 id="{name}">' in page.read_text()
        for figure in experiment["figures"].values():
            assert figure["what"] in run.out
    assert sorted(tmp_path.iterdir()) == [page, page.with_suffix(".json")]


@pytest.mark.matrix
def test_all_in_small(capsys: Captured, tmp_path: Path) -> None:
    page = tmp_path / "all.html"
    run = call(capsys, "bench", "--quick", "-o", page, "--json")
    assert run.code == 0
    experiments = run.document["experiments"]
    assert list(experiments) == [each.name for each in EXPERIMENTS]
    for name, experiment in experiments.items():
        assert experiment["error"] is None, name
        assert experiment["plots"], name
        for key, figure in experiment["figures"].items():
            assert figure["value"] is not None or figure["note"], f"{name}: {key}"
