"""The job mix on the kernel with factories and without: section 6.1.2 of the reference, figure 6.1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, stdev
from typing import Final

from emulator.bench.executions import Executions
from emulator.bench.experiment import Experiment, Setting
from emulator.bench.factories import cost_of_factory
from emulator.bench.findings import Aim, Figure, Findings, Plot, Series, Table
from emulator.bench.job_runs import JobRun, LoadedKernel
from toolchain.kernel import WITHOUT_FACTORIES, build_kernel

_LOSS_MOST: Final = 0.2
_COUNTED_CLIENTS: Final = 8
_PUBLISH: Final = "objects::publish"
_CREATE: Final = "objects::StandardFactory<"
_CREATE_END: Final = "::create(void const*)"


@dataclass(frozen=True)
class _Size:
    """How much is run."""

    clients: Sequence[int]
    jobs: int
    """Of each client."""
    seeds: int


_FULL: Final = _Size((1, 2, 4, 6, 8, 10, 12, 16), 40, 10)
_QUICK: Final = _Size((1, 8), 6, 2)


@dataclass(frozen=True)
class _Pair:
    """The same jobs on both kernels."""

    with_factories: JobRun
    without: JobRun

    @property
    def loss(self) -> float:
        """By how many percent fewer jobs a minute there are with factories."""
        return 100 * (1 - self.with_factories.per_minute / self.without.per_minute)

    @property
    def more_instructions(self) -> float:
        """By how many percent more instructions a job takes with them."""
        return 100 * (self.with_factories.per_job / self.without.per_job - 1)


@dataclass(frozen=True)
class _Created:
    """What a run with factories created."""

    objects: int
    by_factory: int
    jobs: int
    instructions: int
    """Executed meanwhile, but for those of programs."""


def run(setting: Setting) -> Findings:
    """See ``EXPERIMENT``."""
    size = _QUICK if setting.quick else _FULL
    seeds = range(setting.seed, setting.seed + size.seeds)
    kernels = [LoadedKernel.of(build_kernel(flags=flags)) for flags in ((), WITHOUT_FACTORIES)]
    pairs: dict[int, list[_Pair]] = {}
    for clients in size.clients:
        pairs[clients] = [
            _Pair(*(kernel.run_jobs(clients, size.jobs, seed) for kernel in kernels)) for seed in seeds
        ]
        setting.on_part(f"{clients} clients")
    created = _created(kernels[0], size.jobs, setting.seed)
    setting.on_part("objects created")
    return Findings(
        [*_differences(pairs), *_objects(created, cost_of_factory(setting.seed))],
        [_table(pairs)],
        [_plot(pairs)],
        _notes(size),
    )


def _created(kernel: LoadedKernel, jobs: int, seed: int) -> _Created:
    with kernel.started(_COUNTED_CLIENTS, jobs, seed) as started:
        with Executions(started.machine) as executions:
            status = started.wait()
        machine = started.machine
        names = machine.symbols.names()
        factories = [name for name in names if name.startswith(_CREATE) and name.endswith(_CREATE_END)]
        return _Created(
            executions.at(machine.symbols.entry(_PUBLISH)),
            sum(executions.at(machine.symbols.entry(each)) for each in factories),
            status.operations,
            executions.total,
        )


def _differences(pairs: Mapping[int, Sequence[_Pair]]) -> list[Figure]:
    by_seed = list(zip(*pairs.values(), strict=True))
    losses = [fmean(pair.loss for pair in each) for each in by_seed]
    more = [fmean(pair.more_instructions for pair in each) for each in by_seed]
    alone = [pair.loss for pair in next(iter(pairs.values()))]
    error = _error(pairs)
    tells = error < _LOSS_MOST
    return [
        Figure(
            "throughput_loss",
            "fewer jobs a minute with factories than without, mean over all numbers of clients",
            fmean(losses),
            "%",
            aim=Aim(most=_LOSS_MOST) if tells else None,
            reference="K42: less than 0.5 % more jobs with factories, within the noise",
            note=f"standard error {error:.2f}" + ("" if tells else ": too few runs to judge the aim"),
            spread=(min(losses), max(losses)),
        ),
        Figure(
            "loss_alone",
            "the same with one client, who meets nobody",
            fmean(alone),
            "%",
            spread=(min(alone), max(alone)),
        ),
        Figure(
            "more_instructions",
            "more instructions of a job with factories, mean over all numbers of clients",
            fmean(more),
            "%",
            spread=(min(more), max(more)),
        ),
    ]


def _error(pairs: Mapping[int, Sequence[_Pair]]) -> float:
    """Of the mean loss: from how the seeds scatter at each number of clients."""
    variances = [stdev(pair.loss for pair in each) ** 2 / len(each) for each in pairs.values()]
    return sqrt(sum(variances)) / len(variances)


def _objects(created: _Created, cost: float) -> list[Figure]:
    by_factory, per_job = created.by_factory / created.jobs, created.instructions / created.jobs
    return [
        Figure(
            "expected_more_instructions",
            "more instructions of a job as far as factories execute them",
            100 * by_factory * cost / (per_job - by_factory * cost),
            "%",
            note=f"{by_factory:.2f} objects of a job, {cost:.0f} instructions for each to come and to go",
        ),
        Figure("objects_per_job", "objects created by a job", created.objects / created.jobs, "objects"),
        Figure(
            "created_by_factory",
            f"objects created by factories, of all that were created at {_COUNTED_CLIENTS} clients",
            100 * created.by_factory / created.objects,
            "%",
            reference="K42: 60 % (1,791,808 of 2,996,920)",
        ),
    ]


def _table(pairs: Mapping[int, Sequence[_Pair]]) -> Table:
    columns = (
        "clients",
        "with factories (jobs/min)",
        "without (jobs/min)",
        "loss (%)",
        "more instructions a job (%)",
    )
    rows = [
        (
            clients,
            fmean(pair.with_factories.per_minute for pair in each),
            fmean(pair.without.per_minute for pair in each),
            fmean(pair.loss for pair in each),
            fmean(pair.more_instructions for pair in each),
        )
        for clients, each in pairs.items()
    ]
    return Table("The job mix with and without factories, means over the seeds", columns, rows)


def _plot(pairs: Mapping[int, Sequence[_Pair]]) -> Plot:
    return Plot(
        "throughput",
        "Job mix with and without factories",
        "clients",
        "throughput (jobs/min of virtual time)",
        [
            _series(
                "with factories", [[pair.with_factories for pair in each] for each in pairs.values()], pairs
            ),
            _series("without factories", [[pair.without for pair in each] for each in pairs.values()], pairs),
        ],
        caption="Mean over the seeds, and their spread, which is that of the jobs themselves: both kernels "
        "do the same. K42's throughput was less than 0.5 % higher with factories, within the noise.",
    )


def _series(name: str, runs: Sequence[Sequence[JobRun]], pairs: Mapping[int, Sequence[_Pair]]) -> Series:
    rates = [[each.per_minute for each in of_count] for of_count in runs]
    return Series(
        name,
        list(pairs),
        [fmean(each) for each in rates],
        low=[min(each) for each in rates],
        high=[max(each) for each in rates],
    )


def _notes(size: _Size) -> list[str]:
    return [
        f"Each kernel does the same jobs, {size.jobs} of each client, with {size.seeds} seeds on two CPUs. "
        "The fix of the shipped allocator race is applied first on both. In the kernel without factories "
        "classes are bound when it is built; the rest of it is the same.",
        "Throughput in virtual time is exact, but it depends on the schedule: a few instructions more or "
        "less make two jobs meet at a lock or the disk that missed each other before. So a difference at "
        "one number of clients and one seed says little; the mean over all and its standard error do. One "
        "client meets nobody: what it loses is what factories cost. Part of the instructions that they add "
        "is done while others wait for the disk.",
    ]


def _parts(setting: Setting) -> int:
    return len((_QUICK if setting.quick else _FULL).clients) + 1


EXPERIMENT: Final = Experiment(
    "throughput",
    "Throughput with and without factories",
    "figure 6.1",
    "Does the system do less work because its objects are made by factories?",
    run,
    _parts,
)
