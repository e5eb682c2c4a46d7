"""``python -m tests.matrix_table RESULTS.xml... PAGE.md``: the table of a run of the tests, for the docs.

RESULTS.xml is what ``pytest --junitxml=RESULTS.xml`` writes, one for each part of the run;
``tests/conftest.py`` adds to each test what it varied. The page depends on which tests ran and how they
ended, and on nothing else.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

_ROOT: Final = Path(__file__).resolve().parents[1]
_FAILED: Final = ("failure", "error")
_INTRODUCTION: Final = """# The matrix

What `make test-all` ran and how it ended; `make test` takes the part that is not marked `matrix`.
Each file's tests show what its first line says. Where a column is empty the file does not vary it: two
CPUs, round robin, seed 0. Mutants have tables of their own ([mutants.md](mutants.md)).
"""


@dataclass
class Row:
    """Tests that stand together, and what they varied."""

    tests: int = 0
    of_matrix: int = 0
    failed: list[str] = field(default_factory=list)
    skipped: int = 0
    seeds: set[int] = field(default_factory=set)
    varied: dict[str, set[str]] = field(default_factory=dict)

    def add(self, case: ElementTree.Element) -> None:
        """One test."""
        self.tests += 1
        if any(case.find(tag) is not None for tag in _FAILED):
            self.failed.append(f"{case.get('classname')}::{case.get('name')}")
        self.skipped += case.find("skipped") is not None
        for each in case.iter("property"):
            name, value = each.get("name", ""), each.get("value", "")
            if name == "matrix":
                self.of_matrix += 1
            elif name == "seed":
                self.seeds.add(int(value))
            else:
                self.varied.setdefault(name, set()).add(value)

    def told(self, name: str) -> str:
        """The values of something that was varied, empty when it was not."""
        values = self.varied.get(name, set())
        if all(value.isdecimal() for value in values):
            return _ranges(map(int, values))
        return ", ".join(sorted(values))

    @property
    def outcome(self) -> str:
        """In words."""
        passed = f"{self.tests - len(self.failed) - self.skipped:,}"
        parts = [passed, f"**{len(self.failed)} failed**" if self.failed else ""]
        return ", ".join([*filter(None, parts), *([f"{self.skipped} skipped"] if self.skipped else [])])


def page(*parts: str) -> str:
    """The page of a run, from the text of its results. Raises ValueError when a part has nothing in it."""
    files: dict[str, Row] = {}
    for results in parts:
        cases = list(ElementTree.fromstring(results).iter("testcase"))
        if not cases:
            raise ValueError("no test ran")
        for case in cases:
            name = case.get("classname", "").split("::")[0].replace(".", "/")
            files.setdefault(f"{name}.py", Row()).add(case)
    return "\n".join([_INTRODUCTION, *_summary(files), *_details(files), *_failures(files.values())]) + "\n"


def _summary(files: dict[str, Row]) -> Iterator[str]:
    tests, matrix, failed = Counter[str](), Counter[str](), Counter[str]()
    for name, row in files.items():
        group = name.rpartition("/")[0]
        tests[group] += row.tests
        matrix[group] += row.of_matrix
        failed[group] += len(row.failed)
    yield "| group | tests | of these `matrix` | failed |"
    yield "| --- | --- | --- | --- |"
    for group in sorted(tests):
        yield f"| `{group}` | {tests[group]:,} | {matrix[group]:,} | {failed[group]} |"
    yield f"| **all** | {tests.total():,} | {matrix.total():,} | {failed.total()} |"
    yield ""


def _details(files: dict[str, Row]) -> Iterator[str]:
    """The files that vary something; of the others the summary says enough."""
    yield "| file | what it shows | passed | seeds | policies | CPUs | clients | modes |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for name, row in sorted(files.items()):
        if row.seeds or row.varied:
            told = (_ranges(row.seeds), *map(row.told, ("policy", "cpus", "clients", "mode")))
            yield f"| `{name.removeprefix('tests/')}` | {_shows(name)} | {row.outcome} | {' | '.join(told)} |"


def _failures(rows: Iterable[Row]) -> Iterator[str]:
    failed = [name for row in rows for name in row.failed]
    if failed:
        yield "\n## Failed\n"
        yield from (f"* `{name}`" for name in sorted(failed))


def _shows(name: str) -> str:
    """The first sentence of a test file."""
    text = (_ROOT / name).read_text(encoding="utf-8")
    return (ast.get_docstring(ast.parse(text)) or "").partition("\n\n")[0].replace("\n", " ")


def _ranges(numbers: Iterable[int]) -> str:
    """``1-3, 7`` for 1, 2, 3 and 7."""
    runs: list[list[int]] = []
    for number in sorted(set(numbers)):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def main(arguments: Sequence[str]) -> int:
    """Writes the page; the exit code."""
    *results, target = map(Path, arguments)
    try:
        parts = [each.read_text(encoding="utf-8") for each in results]
        target.write_text(page(*parts), encoding="utf-8")
    except (OSError, ValueError, ElementTree.ParseError) as error:
        print(f"error: {', '.join(map(str, results))}: {error}", file=sys.stderr)  # noqa: T201 (a command of its own)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
