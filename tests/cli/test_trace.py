"""``evergreen trace``: a timeline, whole or not at all."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from tests.bench.timeline_rules import read_timeline
from tests.cli.commands import call

BOOT = '[[step]]\ndo = "boot"\n'
UNMET = '[[step]]\ndo = "expect"\nfigure = "workload.errors"\nis = 7\n'
SMALL = 4096
"""Bytes: less than what the shortest run needs."""


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    path = tmp_path / "scenario.toml"
    path.write_text(BOOT, encoding="utf-8")
    return path


def test_the_timeline_and_where_to_look_at_it(scenario: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = scenario.with_name("run.json")
    result = call(capsys, "trace", scenario, "-o", file)
    assert result.code == 0
    assert result.out.startswith(f"{file}: ") and result.out.endswith("open it at https://ui.perfetto.dev\n")
    assert "boot" in result.err
    assert read_timeline(file).names("scenario", "steps") == ["boot"]
    assert sorted(each.name for each in file.parent.iterdir()) == ["run.json", "scenario.toml"]


def test_the_document_is_that_of_a_run(scenario: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = scenario.with_name("run.json")
    traced = call(capsys, "trace", scenario, "-o", file, "--json", "--seed", "4").document
    assert traced.pop("trace") == {
        "path": str(file),
        "events": file.read_text(encoding="utf-8").count('"ph"'),
        "bytes": file.stat().st_size,
    }
    ran = call(capsys, "run", scenario, "--json", "--seed", "4").document
    for document in (traced, ran):
        del document["wall_seconds"]
    assert traced == ran


def test_a_run_that_fails_has_exit_code_one_and_its_timeline(
    scenario: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scenario.write_text(BOOT + UNMET, encoding="utf-8")
    result = call(capsys, "trace", scenario, "-o", scenario.with_name("run.json"))
    assert result.code == 1
    assert "line 3, expect: " in result.err
    read_timeline(scenario.with_name("run.json"))


def test_a_file_that_grows_too_large_is_one_line_and_leaves_nothing(
    scenario: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = scenario.with_name("run.json")
    file.write_text("what was there", encoding="utf-8")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (SMALL, before[1]))
    try:
        result = call(capsys, "trace", scenario, "-o", file, "--json")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert result.code == 2
    assert result.document["error"] == f"{file}: File too large"
    assert result.err == f"error: {file}: File too large\n"
    assert file.read_text(encoding="utf-8") == "what was there"
    assert sorted(each.name for each in file.parent.iterdir()) == ["run.json", "scenario.toml"]
