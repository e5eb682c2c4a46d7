"""How an update and a hot-swap change with the number of CPUs, while each of them is busy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final

from emulator.abi.loader import ConversionMode
from emulator.bench.crowd import boot_for_crowd, make_crowd, update_crowd
from emulator.bench.findings import Figure, Plot, Table
from emulator.bench.growth import exponent
from emulator.bench.over_seeds import figure_over_seeds, means_over_seeds, series_over_seeds
from emulator.bench.update_steps import UpdateSteps
from emulator.monitor.records import SwapRecord
from emulator.system import Machine

INSTANCES: Final = 10_000
_MANY: Final = "counters"
"""Calls instances of the class that is updated."""
_ONE: Final = "counting"
"""Calls the object that is swapped."""
_OBJECT: Final = "counter"
_CLASSES: Final = ("SharedCounter", "PartitionedCounter")
_WARM_NS: Final = 2_000_000
_LIMIT_NS: Final = 2_000_000_000


@dataclass(frozen=True)
class AtCpus:
    """One machine with a client on each CPU."""

    cpus: int
    steps: UpdateSteps
    """Of the update of a class with many instances, which the clients call."""
    swap_ns: int
    """From the begin of the first phase to the end of the last, on any CPU; the longest of two swaps."""
    calls_blocked: int
    """Of both."""
    blocked_ns: int
    """The longest that one of them waited."""

    @property
    def marking(self) -> float:
        """Instructions to mark an instance, all CPUs together."""
        return sum(self.steps.marking) / INSTANCES


def measure_cpus(cpus: int, seed: int) -> AtCpus:
    """Boots a machine of its own."""
    with boot_for_crowd(INSTANCES, cpus, seed) as machine:
        swaps = _swap_under_load(machine, seed)
        make_crowd(machine, INSTANCES)
        machine.monitor.workload_start(_MANY, clients=cpus, seed=seed)
        machine.run_for(_WARM_NS)
        steps = update_crowd(machine, ConversionMode.LAZY)
        return AtCpus(
            cpus,
            steps,
            max(_length(swap) for swap in swaps),
            sum(swap.calls_blocked for swap in swaps),
            max(swap.blocked_ns_max for swap in swaps),
        )


def _swap_under_load(machine: Machine, seed: int) -> list[SwapRecord]:
    machine.monitor.workload_start(_ONE, clients=len(machine.cpus), seed=seed)
    swaps: list[SwapRecord] = []
    for class_name in _CLASSES:
        machine.run_for(_WARM_NS)
        swaps.append(machine.monitor.swap(_OBJECT, class_name))
    machine.monitor.workload_stop(_ONE)
    machine.monitor.workload_wait(_ONE, limit_ns=_LIMIT_NS)
    return swaps


def _length(swap: SwapRecord) -> int:
    return max(phase.end_ns for phase in swap.phases) - min(phase.start_ns for phase in swap.phases)


def cpu_figures(rows: Sequence[Sequence[AtCpus]]) -> list[Figure]:
    """On the most CPUs, and how they grow."""
    several, last = [row for row in rows if row[0].cpus > 1], rows[-1]
    counts = [row[0].cpus for row in several]
    on = f"{last[0].cpus} CPUs"
    measures: Sequence[tuple[str, str, Callable[[AtCpus], float], str]] = (
        ("quiescence_by_cpus", "wait until the marks are in force", lambda at: at.steps.quiescence_ns, "ns"),
        ("marking_by_cpus", "to mark an instance", lambda at: at.marking, "instructions"),
        ("marking_time_by_cpus", f"to mark {INSTANCES:,} instances", lambda at: at.steps.marking_ns, "ns"),
        ("swap_by_cpus", "a hot-swap", lambda at: at.swap_ns, "ns"),
        ("swap_blocked_by_cpus", "longest wait of a call for a hot-swap", lambda at: at.blocked_ns, "ns"),
    )
    figures: list[Figure] = []
    for name, what, value, unit in measures:
        figures.append(figure_over_seeds(name, f"{what}, {on}", [value(at) for at in last], unit))
        grows = exponent(counts, means_over_seeds(several, value))
        figures.append(
            Figure(f"{name}_exponent", f"{what}: grows with that power of CPUs, from 2 on", grows, "exponent")
        )
    return figures


def cpu_table(rows: Sequence[Sequence[AtCpus]]) -> Table:
    """All of them."""
    columns = (
        "CPUs",
        "quiescence (ns)",
        "marking (instructions each)",
        "marking (ns)",
        "factory swap (ns)",
        "hot-swap (ns)",
        "calls blocked",
        "longest wait (ns)",
    )
    values: Sequence[Callable[[AtCpus], float]] = (
        lambda at: at.cpus,
        lambda at: at.steps.quiescence_ns,
        lambda at: at.marking,
        lambda at: at.steps.marking_ns,
        lambda at: at.steps.factory_ns,
        lambda at: at.swap_ns,
        lambda at: at.calls_blocked,
        lambda at: at.blocked_ns,
    )
    table = [[fmean(value(at) for at in row) for value in values] for row in rows]
    return Table("By CPUs, each with a busy client; mean over the seeds", columns, table)


def cpu_plot(rows: Sequence[Sequence[AtCpus]]) -> Plot:
    """What takes time."""
    x = [float(row[0].cpus) for row in rows]
    return Plot(
        "steps_by_cpus",
        "Waiting and marking by CPUs",
        "CPUs",
        "virtual time (ns)",
        [
            series_over_seeds(
                "wait until the marks are in force",
                x,
                [[at.steps.quiescence_ns for at in row] for row in rows],
            ),
            series_over_seeds(
                f"marking {INSTANCES:,} instances", x, [[at.steps.marking_ns for at in row] for row in rows]
            ),
            series_over_seeds("hot-swap", x, [[at.swap_ns for at in row] for row in rows]),
        ],
        x_log=True,
        y_log=True,
        caption="Each CPU marks what is at home there; a generation passes when all CPUs have let theirs go.",
    )
