"""How much throughput an update costs: runs with it against runs without, from the same instruction on."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final

from emulator.bench.loaded import Run
from emulator.bench.transition import Transition

_MINUTE_NS: Final = 60_000_000_000


@dataclass(frozen=True)
class Pair:
    """The same span of the same machine, without the update and with it."""

    seed: int
    without: Run
    changed: Run

    @property
    def transition(self) -> Transition:
        """Of the run with the update."""
        assert self.changed.transition is not None
        return self.changed.transition


@dataclass(frozen=True)
class Dip:
    """By how much less was done from when the update was asked for to its last conversion. Percent."""

    mean: float
    error: float
    """Standard error of the mean, over all pairs."""
    by_seed: Sequence[float]


Amount = Callable[[Run, int], float]
"""What a run had done a time, in ns, after its start."""


def jobs_done(run: Run, end_ns: int) -> float:
    """Jobs of the mix that ended."""
    return run.jobs_between(0, end_ns)


def client_time(run: Run, end_ns: int) -> float:
    """Instructions that the mix's clients could execute."""
    return run.client_ns(end_ns)


def dip(pairs: Sequence[Pair], amount: Amount = jobs_done) -> Dip:
    """Over each pair's own transition, so that each counts as much as was done in it."""
    seeds = sorted({pair.seed for pair in pairs})
    measured = [(pair.seed, *_done(pair, amount)) for pair in pairs]
    by_seed = [
        _lost([(without, changed) for seed, without, changed in measured if seed == of]) for of in seeds
    ]
    amounts = [(without, changed) for _, without, changed in measured]
    return Dip(fmean(by_seed), _error(amounts), by_seed)


def _done(pair: Pair, amount: Amount) -> tuple[float, float]:
    end = pair.transition.ended_ns
    return amount(pair.without, end), amount(pair.changed, end)


def _lost(amounts: Sequence[tuple[float, float]]) -> float:
    return 100 * (1 - sum(changed for _, changed in amounts) / sum(without for without, _ in amounts))


def _error(amounts: Sequence[tuple[float, float]]) -> float:
    """Of a ratio of sums: what the pairs deviate from it."""
    count = len(amounts)
    if count < 2:
        return 0.0
    without = sum(each for each, _ in amounts)
    ratio = sum(each for _, each in amounts) / without
    squares = sum((changed - ratio * each) ** 2 for each, changed in amounts)
    return 100 * math.sqrt(squares * count / (count - 1)) / without


def throughput(runs: Sequence[Run], bin_ns: int) -> list[float]:
    """Jobs a virtual minute in each whole bin of the span, the mean of these runs."""
    bins = min(run.span_ns for run in runs) // bin_ns
    return [fmean(_rate(run, index * bin_ns, bin_ns) for run in runs) for index in range(bins)]


def worst(runs: Sequence[Run], bin_ns: int) -> float:
    """Jobs a virtual minute of the worst whole bin of any of these runs."""
    return min(_rate(run, index * bin_ns, bin_ns) for run in runs for index in range(run.span_ns // bin_ns))


def _rate(run: Run, begin_ns: int, bin_ns: int) -> float:
    return run.jobs_between(begin_ns, begin_ns + bin_ns) * _MINUTE_NS / bin_ns
