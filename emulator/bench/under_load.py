"""An update under load, from many instants: what is measured, and how it is shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import fmean
from typing import Final

from emulator.bench.dips import Dip, Pair, dip, throughput, worst
from emulator.bench.findings import Aim, Event, Figure, Plot, Series, Style
from emulator.bench.loaded import MILLISECOND, Change, Load, LoadedMachine, Run
from emulator.bench.waits import bin_names, distribution

BIN_NS: Final = MILLISECOND
"""Of the curves over time."""
WORST_BIN_NS: Final = 10 * MILLISECOND
RATE: Final = "jobs/min"
_RATE_LABEL: Final = "throughput (jobs per virtual minute)"


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    seeds: Sequence[int]
    instants: int
    """At which the update is applied, for each seed; each from a machine that has never seen it."""
    before_ns: int
    span_ns: int
    """From when the update is asked for."""

    @property
    def parts(self) -> int:
        """How often ``on_part`` is called for it."""
        return len(self.seeds) * self.instants


@dataclass(frozen=True)
class Sample:
    """One instant: a common past, and from there on each future."""

    seed: int
    before: Run
    without: Run
    changed: Sequence[Run]

    def pair(self, change: int) -> Pair:
        """Without, and with the change of that number."""
        return Pair(self.seed, self.without, self.changed[change])


def sample(
    plan: Plan,
    load: Callable[[int], Load],
    changes: Sequence[Change],
    on_part: Callable[[str], None],
    what: str,
) -> list[Sample]:
    """All instants of all seeds; ``load`` is asked for that of a seed."""
    found: list[Sample] = []
    for seed in plan.seeds:
        with LoadedMachine(load(seed)) as machine:
            for instant in range(plan.instants):
                before = machine.run(plan.before_ns)
                found.append(Sample(seed, before, *machine.compare(plan.span_ns, changes)))
                on_part(f"{what}, seed {seed}, instant {instant + 1} of {plan.instants}")
    return found


def pairs_of(samples: Sequence[Sample], change: int) -> list[Pair]:
    """Of one of the changes."""
    return [each.pair(change) for each in samples]


def dip_figure(
    name: str, what: str, found: Dip, count: int, *, aim: Aim | None = None, reference: str = ""
) -> Figure:
    """A dip, with its error."""
    return Figure(
        name,
        what,
        found.mean,
        "%",
        aim=aim,
        reference=reference,
        note=f"standard error {found.error:.1f} points over {count} instants; spread of the seeds",
        spread=(min(found.by_seed), max(found.by_seed)),
    )


def spread_figure(name: str, what: str, values: Sequence[float], unit: str, *, reference: str = "") -> Figure:
    """A mean over all instants, with the least and the greatest."""
    return Figure(name, what, fmean(values), unit, reference=reference, spread=(min(values), max(values)))


def worst_figures(samples: Sequence[Sample], change: int) -> list[Figure]:
    """The worst bins: of few jobs, so the control's stands beside."""
    runs = [each.changed[change] for each in samples]
    controls = [each.without for each in samples]
    size = min(WORST_BIN_NS, *(run.span_ns for run in runs))
    label = f"{size / MILLISECOND:g} ms"
    return [
        Figure("worst_bin", f"worst {label} of any run with the update", worst(runs, size), RATE),
        Figure(
            "worst_bin_control", f"worst {label} of the same runs without it", worst(controls, size), RATE
        ),
    ]


def over_time(
    name: str,
    title: str,
    samples: Sequence[Sample],
    labels: Sequence[str],
    events: Sequence[Event],
    caption: str,
) -> Plot:
    """Throughput before, during and after, the mean of all instants; the spread is that of the seeds."""
    series = [_curve("without the update", samples, lambda each: each.without)]
    for change, label in enumerate(labels):
        series.append(_curve(label, samples, partial(_changed, change)))
    return Plot(
        name,
        title,
        "virtual time since the update was asked for (ms)",
        _RATE_LABEL,
        series,
        Style.STEPS,
        events=events,
        caption=caption,
    )


def _changed(change: int, sample: Sample) -> Run:
    return sample.changed[change]


def _curve(label: str, samples: Sequence[Sample], run: Callable[[Sample], Run]) -> Series:
    seeds = sorted({each.seed for each in samples})
    span_ns = min(each.without.span_ns for each in samples)
    by_seed = [_bins([each for each in samples if each.seed == seed], run, span_ns) for seed in seeds]
    columns = list(zip(*by_seed, strict=True))
    first = -(samples[0].before.span_ns // BIN_NS)
    return Series(
        label,
        [(first + index) * BIN_NS / MILLISECOND for index in range(len(columns))],
        [fmean(column) for column in columns],
        [min(column) for column in columns],
        [max(column) for column in columns],
    )


def _bins(samples: Sequence[Sample], run: Callable[[Sample], Run], span_ns: int) -> list[float]:
    before = throughput([each.before for each in samples], samples[0].before.span_ns, BIN_NS)
    return [*before, *throughput([run(each) for each in samples], span_ns, BIN_NS)]


def waits_plot(name: str, title: str, samples: Sequence[Sample], labels: Sequence[str], caption: str) -> Plot:
    """How many calls of one update waited how long, the mean of all instants."""
    series = []
    for change, label in enumerate(labels):
        counts = distribution([wait for each in samples for wait in each.changed[change].waits])
        series.append(Series(label, list(range(len(counts))), [count / len(samples) for count in counts]))
    return Plot(
        name,
        title,
        "time that a call waited (microseconds of virtual time)",
        "calls of one update",
        series,
        Style.BARS,
        categories=bin_names(),
        caption=caption,
    )


def mean_ms(values: Sequence[float]) -> float:
    """Of times in ns."""
    return fmean(values) / MILLISECOND


def dips_of(samples: Sequence[Sample], change: int) -> Dip:
    """Of jobs, of one of the changes."""
    return dip(pairs_of(samples, change))
