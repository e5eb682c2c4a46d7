"""Throughput over the number of clients, in one run from few to many, as the reference's benchmark goes.

What changes in the middle of it, at a number of clients, is there from then on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final

from emulator.abi.loader import ConversionMode
from emulator.bench.experiment import Setting
from emulator.bench.findings import Event, Plot, Series
from emulator.bench.installed import kernel, modules, session
from emulator.bench.loaded import CLIENTS, MILLISECOND, RAM_DISK, SHORT_TURN
from emulator.errors import GuestError
from emulator.scenario.session import Session
from emulator.scenario.steps import Start
from emulator.system import Machine
from emulator.system_config import SystemConfig
from emulator.workload import JOB_MIX

Act = Callable[[Session], None]
"""What is done to the machine while its clients work."""
INTO_THE_LEVEL_NS: Final = 2 * MILLISECOND
_LIMIT_NS: Final = 20_000_000_000


@dataclass(frozen=True)
class Level:
    """The job mix with so many clients, from their start to the end of the last."""

    clients: int
    jobs: int
    per_minute: float
    """Jobs, of virtual time."""
    instructions: int
    """That all CPUs executed, whatever for; idle ones execute none."""
    forwarded: int
    """Calls that passed adaptors of classes."""


def climb(
    seed: int,
    clients: Sequence[int],
    jobs: int,
    *,
    acts: dict[int, Act] | None = None,
) -> list[Level]:
    """With ``jobs`` jobs of each client. An act is done a while after the start of its number of clients."""
    config = SystemConfig(cpus=2, seed=seed, disk=RAM_DISK, quantum=SHORT_TURN, kernel=kernel().path)
    with Machine(config) as machine:
        machine.run_until_ready()
        climbing = session(machine, seed)
        return [_level(climbing, count, jobs, (acts or {}).get(count)) for count in clients]


def _level(climbing: Session, clients: int, jobs: int, act: Act | None) -> Level:
    machine = climbing.machine
    forwarded = _forwarded(machine)
    before = sum(cpu.instructions for cpu in machine.cpus)
    climbing.do(Start(workload=JOB_MIX, clients=clients, operations=jobs))
    if act is not None:
        machine.run_for(INTO_THE_LEVEL_NS)
        act(climbing)
    status = climbing.wait_until_ended(JOB_MIX, _LIMIT_NS)
    if status.errors:
        raise GuestError(f"{status.errors} jobs of {status.operations} went wrong at {clients} clients")
    executed = sum(cpu.instructions for cpu in machine.cpus) - before
    return Level(clients, status.operations, status.per_minute, executed, _forwarded(machine) - forwarded)


def _forwarded(machine: Machine) -> int:
    return sum(plan.calls for plan in machine.monitor.adaptor_plans())


def curve(label: str, climbs: Sequence[Sequence[Level]]) -> Series:
    """Throughput over clients: the mean of the seeds, and their spread."""
    columns = list(zip(*climbs, strict=True))
    rates = [[level.per_minute for level in column] for column in columns]
    return Series(
        label,
        [column[0].clients for column in columns],
        [fmean(rate) for rate in rates],
        [min(rate) for rate in rates],
        [max(rate) for rate in rates],
    )


def _climbs(setting: Setting) -> tuple[Sequence[int], Sequence[int], int]:
    """Seeds, numbers of clients, and jobs of each."""
    if setting.quick:
        return [setting.seed], (4, CLIENTS), 4
    return range(setting.seed, setting.seed + 2), range(1, 17), 25


def update_curve_parts(setting: Setting) -> int:
    """How often ``update_curve`` tells of progress."""
    return len(_climbs(setting)[0])


def update_curve(setting: Setting, update: str, mode: ConversionMode, figure: str) -> Plot:
    """With a shipped update at eight clients, and without; as that figure of the reference is drawn."""
    seeds, clients, jobs = _climbs(setting)

    def apply(climbing: Session) -> None:
        climbing.machine.monitor.apply_all(modules(update), limit_ns=_LIMIT_NS, mode=mode)

    without, updated = [], []
    for seed in seeds:
        without.append(climb(seed, clients, jobs))
        updated.append(climb(seed, clients, jobs, acts={CLIENTS: apply}))
        setting.on_part(f"1 to 16 clients, seed {seed}")
    return Plot(
        "throughput_over_clients",
        f"The job mix from 1 to 16 clients in one run, {update} applied at {CLIENTS}",
        "clients",
        "throughput (jobs per virtual minute)",
        [curve("without the update", without), curve("with", updated)],
        events=[Event(f"{update} applied", CLIENTS)],
        caption=f"As {figure} of the reference is drawn. The band is the spread of the seeds.",
    )
