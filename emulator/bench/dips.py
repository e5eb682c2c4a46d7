"""How much throughput an update costs: runs with it against runs without, from the same instruction on."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean, pstdev
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
        """Of the first module that was applied."""
        return self.changed.transitions[0]


@dataclass(frozen=True)
class Dip:
    """By how much less was done between two moments. Percent; below zero: more."""

    mean: float
    """Of the seeds."""
    error: float
    """Standard error of the mean, over all pairs."""
    by_seed: Sequence[float]
    jobs: float
    """That ended meanwhile without the update, the mean of all pairs."""
    deviation: float
    """Standard deviation of that number, over all pairs."""


Amount = Callable[[Run, int, int], float]
"""What a run has done between two moments, in ns from its start."""
Span = Callable[[Pair], tuple[int, int]]
"""Which moments: the same in both runs of a pair."""


def jobs_done(run: Run, begin_ns: int, end_ns: int) -> float:
    """Jobs of the mix that ended."""
    return run.jobs_between(begin_ns, end_ns)


def client_time(run: Run, begin_ns: int, end_ns: int) -> float:
    """Instructions that the mix's clients could execute."""
    return run.client_ns(begin_ns, end_ns)


def whole_transition(pair: Pair) -> tuple[int, int]:
    """From when the update was asked for to its last conversion, of all its modules."""
    return pair.transition.asked_ns, max(each.ended_ns for each in pair.changed.transitions)


def dip(pairs: Sequence[Pair], amount: Amount = jobs_done, span: Span = whole_transition) -> Dip:
    """Each pair counts as much as was done in its span."""
    spans = [span(pair) for pair in pairs]
    amounts = [
        (amount(pair.without, *of), amount(pair.changed, *of)) for pair, of in zip(pairs, spans, strict=True)
    ]
    seeds = [pair.seed for pair in pairs]
    by_seed = [
        _lost([each for seed, each in zip(seeds, amounts, strict=True) if seed == of])
        for of in sorted(set(seeds))
    ]
    jobs = [jobs_done(pair.without, *of) for pair, of in zip(pairs, spans, strict=True)]
    return Dip(fmean(by_seed), _error(amounts), by_seed, fmean(jobs), pstdev(jobs))


def _lost(amounts: Sequence[tuple[float, float]]) -> float:
    """Where a span was too short for anything to end in it, nothing could be lost."""
    without = sum(each for each, _ in amounts)
    return 100 * (1 - sum(changed for _, changed in amounts) / without) if without else 0.0


def _error(amounts: Sequence[tuple[float, float]]) -> float:
    """Of a ratio of sums: what the pairs deviate from it."""
    count = len(amounts)
    without = sum(each for each, _ in amounts)
    if count < 2 or not without:
        return 0.0
    ratio = sum(each for _, each in amounts) / without
    squares = sum((changed - ratio * each) ** 2 for each, changed in amounts)
    return 100 * math.sqrt(squares * count / (count - 1)) / without


def throughput(runs: Sequence[Run], span_ns: int, bin_ns: int) -> list[float]:
    """Jobs a virtual minute in each whole bin of the span, the mean of these runs."""
    return [fmean(_rate(run, index * bin_ns, bin_ns) for run in runs) for index in range(span_ns // bin_ns)]


def worst(runs: Sequence[Run], bin_ns: int) -> float:
    """Jobs a virtual minute of the worst whole bin of any of these runs."""
    return min(_rate(run, index * bin_ns, bin_ns) for run in runs for index in range(run.span_ns // bin_ns))


def _rate(run: Run, begin_ns: int, bin_ns: int) -> float:
    return run.jobs_between(begin_ns, begin_ns + bin_ns) * _MINUTE_NS / bin_ns
