"""How an update of the file caches' class fares with the number of clients of the job mix."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Final

from emulator.abi.mailbox import EventKind
from emulator.abi.values import integer
from emulator.bench.findings import Figure, Plot, Table
from emulator.bench.growth import exponent
from emulator.bench.over_seeds import figure_over_seeds, means_over_seeds, series_over_seeds
from emulator.bench.stretches import StretchReport, StretchWatch
from emulator.devices.mailbox import GuestEvent
from emulator.errors import GuestError
from emulator.machine.config import MIB
from emulator.scenario.session import Session
from emulator.scenario.shipped import find_update, modules_of
from emulator.scenario.steps import Start
from emulator.system import Machine
from emulator.system_config import SystemConfig
from emulator.workload import JOB_MIX

CPUS: Final = 2
_UPDATE: Final = "file_sync"
_MEMORY: Final = 256 * MIB
"""That no job is refused memory."""
_WARM_NS: Final = 30_000_000
_LIMIT_NS: Final = 1_000_000_000
_UNCONVERTED: Final = 4
"""Place of that count among the values of an event that tells of an update."""


@dataclass(frozen=True)
class AtClients:
    """One machine, updated while its clients work."""

    clients: int
    transition_ns: int
    """Virtual time from where the update was asked for to where its last instance is converted."""
    converted: int
    """Instances, by callers and in idle time."""
    blocked: int
    """Calls that waited for a swap, or for a conversion by another caller."""
    blocked_ns: int
    """The longest of them."""
    converting: int
    """Calls that met a mark."""
    converting_ns: int
    """The longest of them, until it went on."""

    @property
    def longest_wait_ns(self) -> int:
        """Of any call, for whatever the update did."""
        return max(self.blocked_ns, self.converting_ns)


def measure_clients(clients: int, seed: int) -> AtClients:
    """Boots a machine of its own. Raises GuestError when the update does not come to its end."""
    with Machine(SystemConfig(cpus=CPUS, seed=seed, memory=_MEMORY)) as machine:
        machine.run_until_ready()
        session = Session(machine, workload_seed=seed)
        session.do(Start(workload=JOB_MIX, clients=clients))
        machine.run_for(_WARM_NS)
        (module,) = modules_of(find_update(_UPDATE, Path()))
        with StretchWatch(machine) as watch:
            start = machine.virtual_ns
            record = machine.monitor.apply(module, limit_ns=_LIMIT_NS)
            end = _await_last(machine, record.id)
            return _result(clients, end - start, machine, watch.report())


def _await_last(machine: Machine, update: int) -> int:
    """Machine time of the event by which the guest tells that nothing is left to convert."""

    def tells(event: GuestEvent) -> bool:
        return integer(event.values[0]) == update and integer(event.values[_UNCONVERTED]) == 0

    if machine.monitor.update_records[-1].unconverted:
        stop = machine.run_until_event(EventKind.UPDATE_STATE, _LIMIT_NS, tells)
        if not stop.reached:
            left = machine.monitor.update_records[-1].unconverted
            raise GuestError(f"{_UPDATE}: {left} instances are not converted after {_LIMIT_NS:,} ns")
    return machine.virtual_ns


def _result(clients: int, took: int, machine: Machine, report: StretchReport) -> AtClients:
    return AtClients(
        clients,
        took,
        machine.monitor.update_records[-1].converted,
        report.blocked.count,
        report.blocked.ns,
        report.converting.count,
        report.converting.ns,
    )


def client_figures(rows: Sequence[Sequence[AtClients]]) -> list[Figure]:
    """At the most clients, and how they grow."""
    counts, last = [row[0].clients for row in rows], rows[-1]
    under = f"{counts[-1]} clients"
    transition = means_over_seeds(rows, lambda at: at.transition_ns)
    return [
        figure_over_seeds("transition", f"transition, {under}", [at.transition_ns for at in last], "ns"),
        Figure(
            "transition_exponent",
            "the transition grows with that power of the clients",
            exponent(counts, transition),
            "exponent",
        ),
        figure_over_seeds(
            "longest_wait", f"longest wait of a call, {under}", [at.longest_wait_ns for at in last], "ns"
        ),
        figure_over_seeds(
            "calls_that_waited",
            f"calls that met a mark or waited, {under}",
            [at.blocked + at.converting for at in last],
            "calls",
        ),
    ]


def client_table(rows: Sequence[Sequence[AtClients]]) -> Table:
    """All of them."""
    columns = (
        "clients",
        "instances converted",
        "transition (ns)",
        "calls that met a mark",
        "longest of them (ns)",
        "calls that waited for others",
        "longest of them (ns)",
    )
    values: Sequence[Callable[[AtClients], float]] = (
        lambda at: at.clients,
        lambda at: at.converted,
        lambda at: at.transition_ns,
        lambda at: at.converting,
        lambda at: at.converting_ns,
        lambda at: at.blocked,
        lambda at: at.blocked_ns,
    )
    table = [[fmean(value(at) for at in row) for value in values] for row in rows]
    return Table("By clients of the job mix, file-sync update; mean over the seeds", columns, table)


def client_plot(rows: Sequence[Sequence[AtClients]]) -> Plot:
    """Transition and longest wait."""
    x = [float(row[0].clients) for row in rows]
    waits = [[at.longest_wait_ns for at in row] for row in rows]
    return Plot(
        "transition_by_clients",
        "The file-sync update by clients",
        "clients",
        "virtual time (ns)",
        [
            series_over_seeds("transition", x, [[at.transition_ns for at in row] for row in rows]),
            series_over_seeds("longest wait of a call", x, waits),
        ],
        x_log=True,
        caption="From where it is asked for to the last conversion, and what the slowest call noticed of it.",
    )
