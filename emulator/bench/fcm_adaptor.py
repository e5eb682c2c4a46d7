"""An adaptor on every file cache: figure 6.4 of the reference."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Final

from emulator.bench.client_curve import Act, Level, climb, curve
from emulator.bench.experiment import Experiment, Setting
from emulator.bench.findings import Event, Figure, Findings, Plot, Table
from emulator.bench.installed import modules
from emulator.bench.loaded import CLIENTS
from emulator.bench.transition import NULL_ADAPTOR_INSTRUCTIONS
from emulator.scenario.session import Session

_GUEST: Final = Path(__file__).parent / "guest"
_K42: Final = "K42: a small overhead"


_LIMIT_NS: Final = 1_000_000_000


@dataclass(frozen=True)
class Way:
    """What has become of the caches from so many clients on."""

    name: str
    """Of its figures."""
    label: str
    update: str = ""
    """Empty: nothing."""
    modules: int = 0
    """So many of the update's, in their order; 0: all."""

    def act(self, session: Session) -> None:
        """While clients work."""
        found = modules(self.update)
        session.machine.monitor.apply_all(found[: self.modules or len(found)], limit_ns=_LIMIT_NS)


NONE: Final = Way("none", "no adaptor")
WAYS: Final = (
    NONE,
    Way("dummy", "a dummy adaptor on every cache of a file", str(_GUEST / "adapted_caches")),
    Way("interface", "an adaptor on every cache of memory (fcm_interface)", "fcm_interface", 1),
    Way("callers", "the same after the regions are updated", "fcm_interface"),
)


@dataclass(frozen=True)
class _Size:
    seeds: Sequence[int]
    clients: Sequence[int]
    jobs: int
    """Of each client."""


def _size(setting: Setting) -> _Size:
    if setting.quick:
        return _Size([setting.seed], (CLIENTS, CLIENTS + 1), 5)
    return _Size(range(setting.seed, setting.seed + 4), range(1, 17), 25)


def parts(setting: Setting) -> int:
    """How often ``run`` tells of progress."""
    return len(_size(setting).seeds) * len(WAYS)


Climbs = Mapping[str, Sequence[Sequence[Level]]]
"""By the name of the way, one for each seed."""


def run(setting: Setting) -> Findings:
    """See the experiment's question."""
    size = _size(setting)
    climbs: dict[str, list[list[Level]]] = {way.name: [] for way in WAYS}
    for seed in size.seeds:
        for way in WAYS:
            acts: dict[int, Act] = {CLIENTS: way.act} if way.update else {}
            climbs[way.name].append(climb(seed, size.clients, size.jobs, acts=acts))
            setting.on_part(f"{way.label}, seed {seed}")
    figures = [figure for way in WAYS for figure in _figures(way, climbs)]
    return Findings(figures, [_table(climbs)], [_plot(climbs)], _NOTES)


def _with_adaptors(levels: Sequence[Level]) -> list[Level]:
    """From begin to end; with fewer clients there are none yet."""
    return [level for level in levels if level.clients > CLIENTS]


def _per_job(amount: Callable[[Level], int], levels: Sequence[Level]) -> float:
    return sum(map(amount, levels)) / sum(level.jobs for level in levels)


def _instructions(climb: Sequence[Level]) -> float:
    return _per_job(lambda level: level.instructions, _with_adaptors(climb))


def _calls(climb: Sequence[Level]) -> float:
    return _per_job(lambda level: level.forwarded, _with_adaptors(climb))


def _loss(climbs: Climbs, way: Way, seed: int) -> float:
    """Percent by which throughput is lower than without adaptors, the mean of the levels."""
    pairs = zip(_with_adaptors(climbs[NONE.name][seed]), _with_adaptors(climbs[way.name][seed]), strict=True)
    return fmean(100 * (1 - changed.per_minute / without.per_minute) for without, changed in pairs)


def _losses(climbs: Climbs, way: Way) -> list[float]:
    return [_loss(climbs, way, seed) for seed in range(len(climbs[way.name]))]


def _figures(way: Way, climbs: Climbs) -> list[Figure]:
    executed = [_instructions(climb) for climb in climbs[way.name]]
    figures = [
        Figure(
            f"instructions_per_job_{way.name}",
            f"instructions of both CPUs for a job: {way.label}",
            fmean(executed),
            "instructions",
            spread=(min(executed), max(executed)),
        )
    ]
    if way is NONE:
        return figures
    losses, calls = _losses(climbs, way), [_calls(climb) for climb in climbs[way.name]]
    shares = [
        100 * each * NULL_ADAPTOR_INSTRUCTIONS / whole for each, whole in zip(calls, executed, strict=True)
    ]
    return [
        Figure(
            f"loss_{way.name}",
            f"lower throughput than without, 9 to 16 clients: {way.label}",
            fmean(losses),
            "%",
            reference=_K42,
            note="the mean of the levels; below zero: higher",
            spread=(min(losses), max(losses)),
        ),
        *figures,
        Figure(
            f"calls_per_job_{way.name}",
            f"calls through adaptors for a job: {way.label}",
            fmean(calls),
            "calls",
            spread=(min(calls), max(calls)),
        ),
        Figure(
            f"share_{way.name}",
            f"instructions of these adaptors, of all: {way.label}",
            fmean(shares),
            "%",
            note=f"{NULL_ADAPTOR_INSTRUCTIONS} more for a call than without",
            spread=(min(shares), max(shares)),
        ),
    ]


def _table(climbs: Climbs) -> Table:
    rows: list[list[str | float | None]] = []
    for way in WAYS:
        rates = [level.per_minute for climb in climbs[way.name] for level in _with_adaptors(climb)]
        numbers = (
            fmean(rates),
            fmean(_losses(climbs, way)),
            fmean(map(_instructions, climbs[way.name])),
            fmean(map(_calls, climbs[way.name])),
        )
        rows.append([way.label, *(round(number, 2) for number in numbers)])
    columns = [
        "caches",
        "jobs/min",
        "less than without (%)",
        "instructions a job",
        "calls through adaptors a job",
    ]
    return Table("9 to 16 clients, means of all seeds", columns, rows)


def _plot(climbs: Climbs) -> Plot:
    return Plot(
        "throughput_over_clients",
        "The job mix from 1 to 16 clients in one run, adaptors put on at 8",
        "clients",
        "throughput (jobs per virtual minute)",
        [curve(way.label, climbs[way.name]) for way in WAYS],
        events=[Event("adaptors put on", CLIENTS)],
        caption="As figure 6.4 of the reference is drawn. The band is the spread of the seeds. It is not the "
        f"calls through adaptors that cost but their making with each cache. {_K42}.",
    )


_NOTES: Final = (
    "The reference put a dummy adaptor on each FCMFile. Here a module brings the class of the caches of "
    "files under another interface that has the same methods, so that each cache, and each that is made "
    "later, gets an adaptor that hands every call on as it came.",
    "fcm_interface is a real change: the caches of anonymous memory get another interface, and so an "
    "adaptor each. Its second module updates the regions, by which programs fault; what creates and "
    "closes caches is no object and cannot be updated, so its calls pass an adaptor for good.",
    "Calls through adaptors cost next to nothing, as the shares say. What throughput loses is for "
    "making and ending adaptors: the mix opens a file for one job, so nearly every second job makes a "
    "cache, with another reference and an adaptor in front of it, which go with it. Of that the client "
    "who opens the file bears the smaller part; more is the keeper's, the thread that looks what is "
    "left of adaptors whenever one loses its object, and the reaper's.",
    "A level ends when the last client has ended, so its throughput has the noise of the last jobs. The "
    "instructions for a job have less: the jobs are the same in all runs of a seed.",
)

EXPERIMENT: Final = Experiment(
    "fcm-adaptor",
    "An adaptor on every file cache",
    "figure 6.4",
    "What do adaptors on many objects cost while their callers are not updated, and what afterwards?",
    run,
    parts,
)
