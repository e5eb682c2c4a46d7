"""The table of the matrix says what ran and how it ended."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.matrix_table import main, page

RESULTS = """<testsuites><testsuite>
<testcase classname="tests.updates.test_basic" name="test_a[1]"><properties>
  <property name="matrix" value="yes"/><property name="seed" value="1"/>
  <property name="policy" value="random"/></properties></testcase>
<testcase classname="tests.updates.test_basic" name="test_a[2]"><properties>
  <property name="seed" value="2"/><property name="cpus" value="8"/></properties></testcase>
<testcase classname="tests.updates.test_basic" name="test_a[7]"><properties>
  <property name="seed" value="7"/><property name="policy" value="round-robin"/></properties>
  <failure message="x"/></testcase>
<testcase classname="tests.cli.test_prompt" name="test_b"/>
</testsuite></testsuites>
"""


def test_what_ran_and_how_it_ended() -> None:
    lines = page(RESULTS).splitlines()
    assert "| `tests/cli` | 1 | 0 | 0 |" in lines
    assert "| `tests/updates` | 3 | 1 | 1 |" in lines
    assert "| **all** | 4 | 1 | 1 |" in lines
    (row,) = [line for line in lines if line.startswith("| `updates/test_basic.py`")]
    shows = "All instances of a class are replaced under load, taken back and replaced again."
    outcome = "2, **1 failed** | 1-2, 7 | random, round-robin | 8 |  |  |"
    assert row == f"| `updates/test_basic.py` | {shows} | {outcome}"
    assert "* `tests.updates.test_basic::test_a[7]`" in lines
    assert not any("test_prompt" in line for line in lines)


def test_parts_of_a_run_make_one_page() -> None:
    other = '<testsuite><testcase classname="tests.cli.test_prompt" name="test_c"/></testsuite>'
    lines = page(RESULTS, other).splitlines()
    assert "| `tests/cli` | 2 | 0 | 0 |" in lines
    assert "| **all** | 5 | 1 | 1 |" in lines


@pytest.mark.parametrize("text", ["", "<testsuites>", "<testsuites/>"])
def test_a_run_without_results_leaves_the_page(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results, target = tmp_path / "results.xml", tmp_path / "page.md"
    results.write_text(text)
    target.write_text("as it was")
    assert main([str(results), str(target)]) == 1
    assert capsys.readouterr().err.startswith(f"error: {results}: ")
    assert target.read_text() == "as it was"


def test_of_a_test_is_told_what_it_varied(pytestconfig: pytest.Config) -> None:
    """By the plugin beside the tests, in a run of its own."""
    script = (
        "import sys, pytest\n"
        "class Look:\n"
        "    def pytest_collection_finish(self, session):\n"
        "        for item in session.items: print(item.name, sorted(item.user_properties))\n"
        "sys.exit(pytest.main(sys.argv[1:], plugins=[Look()]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "tests/updates/test_checked_counter.py", "--collect-only", "-q"],
        capture_output=True, text=True, check=False, cwd=pytestconfig.rootpath,
    )  # fmt: skip
    expected = "[20-random] [('matrix', 'yes'), ('policy', 'random'), ('seed', 20)]"
    assert f"test_every_increment_is_counted_once{expected}" in done.stdout.splitlines()
