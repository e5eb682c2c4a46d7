"""The file-sync update under load: figure 6.2 of the reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from statistics import fmean, median
from typing import Final

from emulator.abi.loader import ConversionMode
from emulator.bench.client_curve import update_curve, update_curve_parts
from emulator.bench.dips import client_time, dip
from emulator.bench.experiment import Experiment, Setting
from emulator.bench.findings import Aim, Basis, Event, Figure, Findings, Plot, Table
from emulator.bench.installed import modules
from emulator.bench.loaded import MILLISECOND, Change, Load
from emulator.bench.module_wall import measure_module
from emulator.bench.transition import Instances
from emulator.bench.under_load import (
    Plan,
    Sample,
    dip_figure,
    dips_of,
    mean_ms,
    over_time,
    pairs_of,
    sample,
    spread_figure,
    waits_plot,
    worst_figures,
)
from emulator.devices.disk import DiskConfig
from emulator.machine.policy import DEFAULT_QUANTUM

UPDATE: Final = "file_sync"
_LAZY, _EAGER = 0, 1
_LABELS: Final = ("applied lazily", "applied eagerly")
_MODES: Final = (ConversionMode.LAZY, ConversionMode.EAGER)
_K42_DIP: Final = "K42: about 10 % during the next second"


@dataclass(frozen=True)
class _Plans:
    kept_files: int
    """Of each of the eight threads that hold some open."""
    many: Plan
    usual_disk: Plan
    long_turns: Plan
    alone: Plan

    @property
    def parts(self) -> int:
        """How often ``on_part`` is called for all of them."""
        return sum(each.parts for each in (self.many, self.usual_disk, self.long_turns, self.alone))


def _plans(setting: Setting) -> _Plans:
    if setting.quick:
        seeds = [setting.seed]
        few = Plan(seeds, 1, 0, 6 * MILLISECOND)
        return _Plans(3, Plan(seeds, 1, MILLISECOND, 10 * MILLISECOND), few, few, few)
    full = range(setting.seed, setting.seed + 4)
    twice = range(setting.seed, setting.seed + 8)  # its dip has an aim: an error well below it
    return _Plans(
        21,
        Plan(twice, 8, 5 * MILLISECOND, 36 * MILLISECOND),
        Plan(full, 2, 0, 12 * MILLISECOND),
        Plan(full, 2, 0, 24 * MILLISECOND),
        Plan(full, 6, 0, 8 * MILLISECOND),
    )


def parts(setting: Setting) -> int:
    """How often ``run`` tells of progress."""
    plans = _plans(setting)
    return plans.parts + update_curve_parts(setting) + 1


def run(setting: Setting) -> Findings:
    """See the experiment's question."""
    found = modules(UPDATE)
    plans, told = _plans(setting), setting.on_part
    changes = [Change(found, mode) for mode in _MODES]
    measured = _Measured(
        sample(plans.many, partial(Load, kept_files=plans.kept_files), changes, told, "many files open"),
        sample(
            plans.usual_disk,
            partial(Load, kept_files=plans.kept_files, disk=DiskConfig()),
            changes[:1],
            told,
            "the usual disk",
        ),
        sample(
            plans.long_turns,
            partial(Load, kept_files=plans.kept_files, turn=DEFAULT_QUANTUM),
            changes[:1],
            told,
            "the CPUs' turns long",
        ),
        sample(plans.alone, Load, [Change(found)], told, "the job mix alone"),
    )
    samples = measured.many
    climbs = update_curve(setting, UPDATE, ConversionMode.LAZY, "figure 6.2")
    wall = measure_module(found[0], 2 if setting.quick else 8)
    setting.on_part("module linked and copied")
    figures = [
        *_dips(measured),
        *worst_figures(samples, _LAZY),
        *_steps(samples),
        Figure("module_link", "module checked, resolved and laid out", wall.link_ms, "ms", Basis.WALL),
        Figure(
            "module_copy",
            "module relocated, copied, its initialisation begun",
            wall.copy_ms,
            "ms",
            Basis.WALL,
        ),
        Figure(
            "module_load",
            "module linked and copied, until its initialisation begins",
            wall.total_ms,
            "ms",
            Basis.WALL,
            Aim(most=50),
            "K42: 241 ms",
            "the fastest of several times on a machine without load",
        ),
    ]
    plots = [_time_plot(samples), _waits(samples), climbs]
    return Findings(figures, [_table(measured)], plots, _NOTES)


@dataclass(frozen=True)
class _Measured:
    many: Sequence[Sample]
    usual_disk: Sequence[Sample]
    long_turns: Sequence[Sample]
    alone: Sequence[Sample]


def _dips(measured: _Measured) -> list[Figure]:
    lazy, eager = pairs_of(measured.many, _LAZY), pairs_of(measured.many, _EAGER)
    long, alone = pairs_of(measured.long_turns, _LAZY), pairs_of(measured.alone, 0)
    disk = pairs_of(measured.usual_disk, _LAZY)
    whole = dip(lazy)
    what = "fewer jobs from the update's begin to its last conversion"
    time = "less CPU time for the job mix's clients in the same span"
    return [
        dip_figure("dip", f"{what}, lazy", whole, len(lazy), aim=Aim(most=5), reference=_K42_DIP),
        Figure(
            "jobs_lost",
            "jobs that one update costs in that span, lazy",
            whole.jobs * whole.mean / 100,
            "jobs",
            note="however long the transition takes",
        ),
        dip_figure("dip_client_time", f"{time}, lazy", dip(lazy, client_time), len(lazy)),
        dip_figure("dip_eager", f"{what}, eager", dip(eager), len(eager)),
        dip_figure("dip_eager_client_time", f"{time}, eager", dip(eager, client_time), len(eager)),
        dip_figure("dip_long_turns", f"{what}, lazy, turns of {DEFAULT_QUANTUM:,}", dip(long), len(long)),
        dip_figure("dip_usual_disk", f"{what}, lazy, the usual disk", dip(disk), len(disk)),
        dip_figure("dip_alone", f"{what}, no other files open", dip(alone), len(alone)),
        dip_figure("dip_alone_client_time", f"{time}, no others open", dip(alone, client_time), len(alone)),
    ]


def _steps(samples: Sequence[Sample]) -> list[Figure]:
    lazy = [each.pair(_LAZY).transition for each in samples]
    eager = [each.pair(_EAGER).transition for each in samples]
    marked = _instances(samples, _LAZY)
    conversions = list(chain.from_iterable(each.conversions for each in lazy))
    waits = [each.changed[_LAZY].waits for each in samples]
    return [
        spread_figure(
            "instances",
            "instances converted",
            [each.converted for each in lazy],
            "instances",
            reference="K42: 170",
        ),
        spread_figure(
            "factory",
            "factory made and swapped",
            [each.factory_ns - each.factory_began_ns for each in marked],
            "ns",
            reference="K42: 7 ms",
        ),
        spread_figure(
            "marking",
            "all instances marked, both CPUs",
            [each.marking for each in marked],
            "instructions",
            reference="K42: 487 us",
        ),
        Figure("conversion", "one conversion, median", median(conversions), "ns"),
        spread_figure("transition", "begin to last conversion, lazy", [each.ended_ns for each in lazy], "ns"),
        spread_figure("transition_eager", "the same, eager", [each.ended_ns for each in eager], "ns"),
        spread_figure("calls_waiting", "calls that waited", [len(each) for each in waits], "calls"),
        Figure(
            "longest_wait", "longest that a call waited", max(chain.from_iterable(waits), default=0), "ns"
        ),
    ]


def _instances(samples: Sequence[Sample], change: int) -> list[Instances]:
    found = [each.pair(change).transition.instances for each in samples]
    return [each for each in found if each is not None]


def _table(measured: _Measured) -> Table:
    rows = [
        _row("many files open, lazy", measured.many, _LAZY),
        _row("many files open, eager", measured.many, _EAGER),
        _row(f"many files open, lazy, turns of {DEFAULT_QUANTUM:,}", measured.long_turns, _LAZY),
        _row("many files open, lazy, the usual disk", measured.usual_disk, _LAZY),
        _row("job mix alone, as the update chooses", measured.alone, 0),
    ]
    columns = [
        "load",
        "instants",
        "instances",
        "transition (ms)",
        "dip (%)",
        "+- (%)",
        "calls that waited",
        "jobs without it",
        "deviation of these",
    ]
    return Table("Dip and transition, means of all instants", columns, rows)


def _row(label: str, samples: Sequence[Sample], change: int) -> list[str | float | None]:
    transitions = [each.pair(change).transition for each in samples]
    found = dips_of(samples, change)
    return [
        label,
        len(samples),
        round(fmean(each.converted for each in transitions), 1),
        round(mean_ms([each.ended_ns for each in transitions]), 2),
        round(found.mean, 1),
        round(found.error, 1),
        round(fmean(len(each.changed[change].waits) for each in samples), 1),
        round(found.jobs, 1),
        round(found.deviation, 1),
    ]


def _time_plot(samples: Sequence[Sample]) -> Plot:
    lazy = [each.pair(_LAZY).transition for each in samples]
    marked = _instances(samples, _LAZY)
    events = [
        Event("asked for, to last conversion (lazy, mean)", 0, mean_ms([each.ended_ns for each in lazy])),
        Event("factory", mean_ms([each.factory_ns for each in marked])),
        Event("marked", mean_ms([each.marked_ns for each in marked])),
    ]
    return over_time(
        "throughput_over_time",
        "Job mix at 8 clients while file_sync is applied",
        samples,
        _LABELS,
        events,
        f"Mean of {len(samples)} instants; the band is the spread of the seeds. {_K42_DIP}, 170 instances.",
    )


def _waits(samples: Sequence[Sample]) -> Plot:
    return waits_plot(
        "waits",
        "Calls that waited for the update",
        samples,
        _LABELS,
        "A call waits while its object is converted. The shortest waits are calls before the marks were in "
        "force, which the old version serves.",
    )


_NOTES: Final = (
    "The disk answers within a microsecond, for the reference ran its benchmark in a RAM disk, and the "
    "CPUs take turns of 1,000 instructions: with the usual 20,000 a CPU that waits for a spin lock does "
    "so for up to 20 microseconds, which is 4 % of what the mix executes instead of less than 1 %, and "
    "both CPUs idle twice as much. So they are busy for more than nine tenths of the time. With the "
    "usual disk, which answers after 100 microseconds, they idle for two thirds.",
    "Each instant is a machine that has never seen the update. From it two runs begin, one with the "
    "update and one without, and the dip compares the jobs that ended in both from the moment in which "
    "the update was asked for to its last conversion. Jobs differ much in length, hence the error; the "
    "clients' CPU time in the same span has less.",
    "The job mix has a file open only for one job: one to eight caches of files live at a time. 168 "
    "more files are therefore held open by eight threads, which together read about three of them for "
    "four jobs of the mix; the reference had 170 instances.",
    "The limit: what is lost is what conversions take that calls wait for, or that are made while "
    "clients could run. One takes about 12,000 instructions (counted over threads, with and without the "
    "update, on a machine without the mix): 3,900 from the guarded thread's begin to the commit, for new "
    "object, transfer and the change of sets; 5,000 around that, for finding the instance, being counted "
    "and handing it over and back, twice a switch of threads; 3,000 for the end of the old object. Idle "
    "time converts for nothing, but a span that becomes shorter is not a smaller dip: the same loss "
    "counts for more in it.",
)

EXPERIMENT: Final = Experiment(
    "file-sync",
    "The file-sync update under load",
    "figure 6.2",
    "How much throughput is lost while a class with many instances is replaced?",
    run,
    parts,
)
