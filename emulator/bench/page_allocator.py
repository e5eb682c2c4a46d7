"""The page allocator's interface changes under load: figure 6.3 of the reference."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import Final

from emulator.abi.loader import ConversionMode
from emulator.abi.mailbox import EventKind
from emulator.bench.client_curve import update_curve, update_curve_parts
from emulator.bench.dips import Pair, client_time, dip, jobs_done
from emulator.bench.experiment import Experiment, Setting
from emulator.bench.findings import Event, Figure, Findings, Plot, Table
from emulator.bench.installed import modules
from emulator.bench.loaded import MILLISECOND, Change, Load, Run
from emulator.bench.transition import NULL_ADAPTOR_INSTRUCTIONS
from emulator.bench.under_load import (
    Plan,
    Sample,
    dip_figure,
    mean_ms,
    over_time,
    pairs_of,
    sample,
    spread_figure,
    waits_plot,
    worst_figures,
)

UPDATE: Final = "page_allocator_interface"
_K42: Final = "K42: no effect on throughput"
_WHAT: Final = 1
"""Where an event of an adaptor says what has become of it."""
_WITHOUT_CALLERS: Final = "dead"


def _plan(setting: Setting) -> Plan:
    if setting.quick:
        return Plan([setting.seed], 1, 2 * MILLISECOND, 10 * MILLISECOND)
    return Plan(range(setting.seed, setting.seed + 4), 14, 4 * MILLISECOND, 16 * MILLISECOND)


def parts(setting: Setting) -> int:
    """How often ``run`` tells of progress."""
    return _plan(setting).parts + update_curve_parts(setting)


def run(setting: Setting) -> Findings:
    """See the experiment's question."""
    plan = _plan(setting)
    # The callers keep the old interface for half of the time.
    change = Change(modules(UPDATE), pause_ns=plan.span_ns // 2)
    samples = sample(plan, Load, [change], setting.on_part, "both modules")
    figures = [*_dips(samples), *worst_figures(samples, 0), *_steps(samples)]
    plots = [
        _time_plot(samples),
        waits_plot(
            "waits",
            "Calls that waited for one of the two modules",
            samples,
            ["both modules"],
            "Callers of the allocator wait while its state moves, and callers of the page managers "
            "while theirs does.",
        ),
        update_curve(setting, UPDATE, ConversionMode.AUTO, "figure 6.3"),
    ]
    return Findings(figures, [_table(samples)], plots, _NOTES)


def _first_change(pair: Pair) -> tuple[int, int]:
    return pair.changed.transitions[0].asked_ns, pair.changed.transitions[0].ended_ns


def _second_change(pair: Pair) -> tuple[int, int]:
    return pair.changed.transitions[1].asked_ns, pair.changed.transitions[1].ended_ns


def _adaptor_in_place(pair: Pair) -> tuple[int, int]:
    return 0, pair.changed.transitions[1].asked_ns


def _afterwards(pair: Pair) -> tuple[int, int]:
    return pair.changed.transitions[1].asked_ns, pair.changed.span_ns


_SPANS: Final = (
    ("first_change", "allocator replaced, its callers adapted", _first_change),
    (
        "adaptor",
        "the same and the time until the callers follow: all calls pass the adaptor",
        _adaptor_in_place,
    ),
    ("second_change", "callers updated", _second_change),
    ("afterwards", "the same and what follows: no adaptor any more", _afterwards),
)
"""Parts of a run that are compared, each with its figure's name."""


def _dips(samples: Sequence[Sample]) -> list[Figure]:
    pairs = pairs_of(samples, 0)
    found: list[Figure] = []
    for name, what, span in _SPANS:
        jobs, work = dip(pairs, jobs_done, span), dip(pairs, client_time, span)
        found.append(dip_figure(f"dip_{name}", f"fewer jobs: {what}", jobs, len(pairs), reference=_K42))
        found.append(
            dip_figure(f"client_time_{name}", f"less CPU time for clients: {what}", work, len(pairs))
        )
    return found


def _steps(samples: Sequence[Sample]) -> list[Figure]:
    runs = [each.changed[0] for each in samples]
    first = [each.transitions[0] for each in runs]
    second = [each.transitions[1] for each in runs]
    calls = [len(each.forwarded) for each in runs]
    share = [
        100 * count * NULL_ADAPTOR_INSTRUCTIONS / each.client_ns(0, each.transitions[1].asked_ns)
        for count, each in zip(calls, runs, strict=True)
    ]
    waits = [wait for each in runs for wait in each.waits]
    return [
        spread_figure("adaptor_calls", "calls that passed the adaptor, in each run", calls, "calls"),
        spread_figure("adaptor_share", "instructions of that, of the clients' CPU time", share, "%"),
        spread_figure("transition", "begin to the allocator's swap", [each.ended_ns for each in first], "ns"),
        spread_figure(
            "transition_callers",
            "begin to the last caller's conversion",
            [each.ended_ns - each.asked_ns for each in second],
            "ns",
        ),
        spread_figure(
            "adaptor_gone",
            "the callers' begin to the adaptor's end",
            [_without_callers_ns(each) - each.transitions[1].asked_ns for each in runs],
            "ns",
        ),
        spread_figure("calls_waiting", "calls that waited", [len(each.waits) for each in runs], "calls"),
        Figure("longest_wait", "longest that a call waited", max(waits, default=0), "ns"),
    ]


def _without_callers_ns(run: Run) -> int:
    """When a dead reference took the adaptor's place: nobody calls it any more."""
    told = (each for each in run.events if each.kind is EventKind.ADAPTOR)
    return next(each.time for each in told if each.values[_WHAT] == _WITHOUT_CALLERS) - run.start_ns


def _table(samples: Sequence[Sample]) -> Table:
    pairs = pairs_of(samples, 0)
    rows: list[list[str | float | None]] = []
    for _, what, span in _SPANS:
        jobs, work = dip(pairs, jobs_done, span), dip(pairs, client_time, span)
        length = fmean(end - begin for begin, end in map(span, pairs)) / MILLISECOND
        rows.append(
            [what, *(round(each, 2) for each in (length, jobs.mean, jobs.error, work.mean, work.error))]
        )
    columns = ["part", "length (ms)", "fewer jobs (%)", "+- (%)", "less CPU time for clients (%)", "+- (%)"]
    return Table("Against the same span without the update, all instants", columns, rows)


def _time_plot(samples: Sequence[Sample]) -> Plot:
    runs = [each.changed[0] for each in samples]
    asked = mean_ms([each.transitions[1].asked_ns for each in runs])
    events = [
        Event(
            "allocator asked for, to its swap", 0, mean_ms([each.transitions[0].ended_ns for each in runs])
        ),
        Event("callers asked for", asked, mean_ms([each.transitions[1].ended_ns for each in runs])),
        Event("adaptor gone", mean_ms([_without_callers_ns(each) for each in runs])),
    ]
    return over_time(
        "throughput_over_time",
        "Job mix at 8 clients while the page allocator's interface changes",
        samples,
        ["with both modules"],
        events,
        f"Mean of {len(samples)} instants; the band is the spread of the seeds. {_K42}.",
    )


_NOTES: Final = (
    "As the file-sync update is measured: two runs from each instant, one with the update. It is a "
    "set of two "
    "modules. The second is asked for only in the middle of the run, so that what the adaptor costs"
    " while all "
    "calls pass it can be seen.",
    "Both changes are so short that few jobs end meanwhile; the clients' CPU time in the same span,"
    " which is exact, "
    "says more of them than jobs do.",
)

EXPERIMENT: Final = Experiment(
    "page-allocator",
    "The page allocator's new interface under load",
    "figure 6.3",
    "How much throughput is lost while one central object changes its interface and its callers follow?",
    run,
    parts,
)
