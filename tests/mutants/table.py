"""The table in ``docs/mutants.md``: ``python -m tests.mutants.table`` runs every sample and prints it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.mutants.mutant import Mutant, mutants

TABLE: Final = Path(__file__).parents[2] / "docs" / "mutants.md"

_HEAD: Final = """\
# Mutants

Each line is the kernel with one thing wrong, a diff in `tests/mutants/diffs`, and the in-guest test that
notices. The diff is applied to a copy of `guest_kernel`, built apart, and the test is run under every
schedule of the sample: round robin, the random policy from the named seeds, or with the test's thread held
after so many instructions (`held 0-400/8`: every eighth). A mutant that no longer applies, or that no
schedule of its sample catches, fails the suite; the unchanged kernel passes every sample. `make test` takes
a part of them, `make test-all` all.

Mutants of the kernel below the objects and of the architecture part have tables of their own, in
`tests/guest/test_kernel_mutants.py` and `tests/guest/test_arch_mutants.py`.

The counts are those of the last run of `python -m tests.mutants.table`, which prints this page.

| mutant | what is wrong | caught by | schedules | caught in |
| --- | --- | --- | --- | --- |
"""


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    name: str
    what: str
    test: str
    sample: str
    caught: str
    """``n of m`` schedules."""

    def __str__(self) -> str:
        return f"| {self.name} | {self.what} | `{self.test}` | {self.sample} | {self.caught} |"


def row(mutant: Mutant, caught: int) -> Row:
    """The line of a mutant that so many schedules of its sample catch."""
    sample = mutant.sample if mutant.cpus == 2 else f"{mutant.sample}; {mutant.cpus} CPUs"
    return Row(mutant.name, mutant.what, mutant.test, sample, f"{caught} of {len(mutant.schedules)}")


def documented() -> list[Row]:
    """The table as it stands in the page."""
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    return [Row(name, what, test.strip("`"), *rest) for name, what, test, *rest in cells[2:]]


def page(rows: Sequence[Row]) -> str:
    """The whole page."""
    return _HEAD + "".join(f"{each}\n" for each in rows)


def measured() -> Iterator[Row]:
    """Builds and runs everything; minutes."""
    for mutant in mutants():
        image = mutant.build()
        yield row(mutant, sum(bool(mutant.complaint(image, schedule)) for schedule in mutant.schedules))


if __name__ == "__main__":
    import sys

    sys.stdout.write(page(list(measured())))
