"""What all experiments have in common: how they are named, what they are given, how they tell of progress."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from emulator.bench.findings import Findings

DEFAULT_SEED: Final = 1


def _silent(_part: str) -> None:
    pass


@dataclass(frozen=True)
class Setting:
    """What an experiment is run with."""

    quick: bool = False
    """Small sizes: whether the figures come out at all, in seconds."""
    seed: int = DEFAULT_SEED
    """The first one, where several are run."""
    on_part: Callable[[str], None] = field(default=_silent, compare=False)
    """Called after each of the experiment's parts, with what was done."""


@dataclass(frozen=True)
class Experiment:
    """One row of the suite: ``evergreen bench NAME``."""

    name: str
    title: str
    reference: str
    """The section, table or figure of the reference that it repeats, or ``beyond the reference``."""
    question: str
    """What it answers, in a sentence."""
    run: Callable[[Setting], Findings]
    parts: Callable[[Setting], int]
    """How often ``run`` will call ``on_part``."""
    wants_the_host: bool = False
    """It measures wall time: nothing else of the suite runs beside it."""


def select(experiments: Sequence[Experiment], names: Sequence[str]) -> list[Experiment]:
    """Those of these names in the suite's order, or all; raises KeyError with the first that is not there."""
    known = {each.name for each in experiments}
    for name in names:
        if name not in known:
            raise KeyError(name)
    return [each for each in experiments if not names or each.name in names]
