"""Throughput of the job mix over client counts, in virtual time: equal on every host."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from emulator.scenario.session import Session
from emulator.scenario.steps import Start
from emulator.system import Machine
from emulator.system_config import SystemConfig
from emulator.workload import JOB_MIX

_LIMIT_NS: Final = 60_000_000_000


@dataclass(frozen=True)
class Throughput:
    """One machine from boot, with so many clients."""

    clients: int
    jobs: int
    errors: int
    elapsed_ns: int
    per_minute: int
    """Jobs per virtual minute."""
    longest_gap_ns: int
    """The longest time in which a CPU ended no job."""


def measure_job_mix(clients: Sequence[int], jobs: int, seed: int, cpus: int) -> Iterator[Throughput]:
    """With ``jobs`` jobs of each client, on a new machine for each count."""
    for count in clients:
        with Machine(SystemConfig(cpus=cpus, seed=seed)) as machine:
            machine.run_until_ready()
            session = Session(machine, workload_seed=seed)
            session.do(Start(workload=JOB_MIX, clients=count, operations=jobs))
            status = session.wait_until_ended(JOB_MIX, _LIMIT_NS)
            yield Throughput(
                count,
                status.operations,
                status.errors,
                status.elapsed_ns,
                status.per_minute,
                max(status.longest_gap_ns),
            )
