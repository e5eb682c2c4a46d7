"""The table of the subtleties names tests and mutants that exist, and none of a row that it leaves out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.mutants.mutant import mutants
from toolchain.paths import installation

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "subtleties.md"
ROWS: Final = range(1, 26)
_NAMED: Final = re.compile(r"`([^`]+)`")
_IN_THE_GUEST: Final = re.compile(r"\bTest \w+[{(]\s*\"([\w.]+)\"")


@dataclass(frozen=True)
class Row:
    number: int
    tests: tuple[str, ...]
    mutants: tuple[str, ...]


def rows() -> list[Row]:
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if re.match(r"\| \d+ \|", line)]
    found = []
    for line in lines:
        number, _, tests, broken = (cell.strip() for cell in line.strip("|").split("|"))
        found.append(Row(int(number), tuple(_NAMED.findall(tests)), tuple(_NAMED.findall(broken))))
    return found


def names_in_the_guest() -> set[str]:
    """Names in the kernel's sources."""
    sources = Path(installation().kernel_sources).rglob("*.cpp")
    return {name for source in sources for name in _IN_THE_GUEST.findall(source.read_text(encoding="utf-8"))}


def exists(test: str, in_the_guest: set[str]) -> bool:
    path, _, function = test.partition("::")
    if not path.endswith(".py"):
        return test in in_the_guest
    if not (ROOT / path).is_file():
        return False
    return f"def {function or 'test_'}" in (ROOT / path).read_text(encoding="utf-8")


def test_every_row_has_its_tests() -> None:
    assert [row.number for row in rows()] == list(ROWS)
    assert [row.number for row in rows() if not row.tests] == []


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"row {row.number}")
def test_what_a_row_names_exists(row: Row) -> None:
    known = names_in_the_guest()
    assert [test for test in row.tests if not exists(test, known)] == []
    assert set(row.mutants) <= {mutant.name for mutant in mutants()}


def test_files_that_bear_a_rows_number_are_named_in_it() -> None:
    files = Path(__file__).parent.glob("test_row_*.py")
    named = {row.number: row.tests for row in rows()}
    for file in files:
        assert f"tests/subtleties/{file.name}" in named[int(file.name.split("_")[2])]
