"""The experiment ``scale``: how an update grows with instances, CPUs and clients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from emulator.bench.experiment import Experiment, Setting
from emulator.bench.findings import Findings
from emulator.bench.scale_clients import AtClients, client_figures, client_plot, client_table, measure_clients
from emulator.bench.scale_cpus import (
    INSTANCES,
    AtCpus,
    cpu_figures,
    cpu_plot,
    cpu_table,
    measure_cpus,
)
from emulator.bench.scale_instances import (
    AtSize,
    instance_figures,
    instance_plots,
    instance_table,
    measure_size,
)

At = TypeVar("At", AtCpus, AtClients)


@dataclass(frozen=True)
class _Size:
    instances: Sequence[int]
    cpus: Sequence[int]
    clients: Sequence[int]
    seeds: int


_QUICK: Final = _Size((10, 1_000, 4_000), (1, 2, 4), (1, 4), 1)
_FULL: Final = _Size(
    (10, 100, 1_000, 10_000, 100_000, 1_000_000), (1, 2, 4, 6, 8), (1, 2, 4, 8, 16, 32, 64), 3
)


def _size(setting: Setting) -> _Size:
    return _QUICK if setting.quick else _FULL


def _parts(setting: Setting) -> int:
    size = _size(setting)
    return len(size.instances) + size.seeds * (len(size.cpus) + len(size.clients))


def _run(setting: Setting) -> Findings:
    size = _size(setting)
    sizes: list[AtSize] = []
    for instances in size.instances:
        sizes.append(measure_size(instances, setting.seed))
        setting.on_part(f"{instances:,} instances")
    seeds = range(setting.seed, setting.seed + size.seeds)
    cpus = _each(size.cpus, seeds, measure_cpus, setting, "CPUs")
    clients = _each(size.clients, seeds, measure_clients, setting, "clients")
    return Findings(
        figures=(*instance_figures(sizes), *cpu_figures(cpus), *client_figures(clients)),
        tables=(instance_table(sizes), cpu_table(cpus), client_table(clients)),
        plots=(*instance_plots(sizes), cpu_plot(cpus), client_plot(clients)),
        notes=_NOTES,
    )


def _each(
    counts: Sequence[int], seeds: range, measure: Callable[[int, int], At], setting: Setting, what: str
) -> list[list[At]]:
    """For each count one measurement for each seed."""
    found: list[list[At]] = []
    for count in counts:
        found.append([])
        for seed in seeds:
            found[-1].append(measure(count, seed))
            setting.on_part(f"{count} {what}, seed {seed}")
    return found


_NOTES: Final = (
    "Instances are counters, half of them at home on each of two CPUs, each called there; nothing "
    "else goes on. Their class gets its next version. Marking is counted on each CPU from the begin "
    "of its share to the end, lists, locks, flushes and the timer's interrupts included, waits "
    "apart, and added up.",
    "A conversion is what all CPUs execute from where the marks are in force to where the update is "
    "done, divided by the instances: preparation on a thread of its own, transfer, commit, the old "
    "object's end. More than ten thousand are left to their callers, as a lazy update does.",
    f"With CPUs: {INSTANCES:,} instances, as many at home on each, and a client on each CPU that "
    "calls counters of the same class; before that, two hot-swaps of one counter that all clients "
    "call. With clients: the job mix on two CPUs, and the file-sync update in the middle of it; its "
    "instances are the file caches that there are just then.",
    "Busy CPUs take turns of 20,000 instructions, so what one waits for from another comes in steps of "
    "turns: a wait for quiescence is some turns of every other CPU.",
    "The exponent is that of the power of x that fits best on logarithmic axes: 1 is linear, 0 is "
    "flat. Waits are those of calls that met a mark, a conversion or a swap, timed to the "
    "instruction.",
)


EXPERIMENT: Final = Experiment(
    "scale",
    "Scale",
    "beyond the reference",
    "How do marking, converting, waiting and blocking grow with instances, CPUs and clients?",
    _run,
    _parts,
)
