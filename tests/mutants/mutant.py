"""A mutant: the kernel with one thing wrong, as a diff, and the in-guest test that must notice.

A file ``diffs/NAME.diff`` begins with a paragraph that says what is wrong, then names the test and the
schedules of its sample, then holds a unified diff against ``guest_kernel``::

    Caught by: swap.second_swap_of_the_object_is_refused
    Schedules: round-robin, random 1-20, held 0-400/8, held 0-400/8 random 1-20
    CPUs: 3

``held`` sweeps over the instructions after which the schedule holds the test's subject.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from emulator.machine import StopReason
from tests.guest.source_diff import apply_diff
from tests.guest.support import Schedule, run_tests
from toolchain.kernel import build_kernel
from toolchain.paths import installation

DIFFS: Final = Path(__file__).parent / "diffs"

_HEADER: Final = re.compile(r"^(Caught by|Schedules|CPUs): (.+)$", re.MULTILINE)
_HELD: Final = re.compile(r"held (\d+)-(\d+)(?:/(\d+))?(?: (random .*))?")
_RANDOM: Final = re.compile(r"random (\d+)-(\d+)")


@dataclass(frozen=True)
class Mutant:
    """One diff with what its head says."""

    name: str
    what: str
    """What is wrong, one sentence."""
    test: str
    sample: str
    """As the head writes the schedules."""
    cpus: int
    diff: Path

    @property
    def schedules(self) -> tuple[Schedule, ...]:
        """The sample, in the order in which it is run."""
        return tuple(schedule for part in self.sample.split(", ") for schedule in _schedules(part))

    def build(self) -> Path:
        """The mutant's kernel image. Raises DiffDoesNotApply, BuildError."""
        with tempfile.TemporaryDirectory() as directory:
            tree = Path(directory) / "guest_kernel"
            shutil.copytree(installation().kernel_sources, tree)
            apply_diff(self.diff, tree)
            return build_kernel(tree).path

    def complaint(self, image: Path, schedule: Schedule) -> str:
        """What the test, alone and under one schedule, has against a kernel; empty for nothing."""
        run = run_tests(image, self.test, schedule, self.cpus)
        if self.test.startswith("panic."):
            return "" if run.stop.reason is StopReason.PANIC else "no panic"
        return run.failure


def mutants() -> tuple[Mutant, ...]:
    """All of them, by name."""
    return tuple(read_mutant(path) for path in sorted(DIFFS.glob("*.diff")))


@cache
def read_mutant(path: Path) -> Mutant:
    """Raises ValueError for a file that is not as this module says."""
    head, _, diff = path.read_text(encoding="utf-8").partition("\n--- a/")
    fields = dict(_HEADER.findall(head))
    if not diff or "Caught by" not in fields or "Schedules" not in fields:
        raise ValueError(f"{path.name}: no test, no schedules or no change")
    what = " ".join(_HEADER.split(head)[0].split())
    cpus = int(fields.get("CPUs", "2"))
    return Mutant(path.stem, what, fields["Caught by"], fields["Schedules"], cpus, path)


def _schedules(part: str) -> Iterator[Schedule]:
    if match := _HELD.fullmatch(part):
        steps = range(int(match[1]), int(match[2]) + 1, int(match[3] or 1))
        bases = tuple(_schedules(match[4])) if match[4] else (Schedule(),)
        yield from (Schedule(base.seed, step) for base in bases for step in steps)
    elif match := _RANDOM.fullmatch(part):
        yield from (Schedule(seed) for seed in range(int(match[1]), int(match[2]) + 1))
    elif part == "round-robin":
        yield Schedule()
    else:
        raise ValueError(f"no such schedule: {part}")
