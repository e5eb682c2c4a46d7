"""Runs of the job mix on a kernel that has just started, with the shipped race fixed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from emulator.checkpoint import Checkpoint
from emulator.errors import GuestError
from emulator.monitor.replies import WorkloadStatus
from emulator.scenario.session import Session
from emulator.scenario.steps import Start
from emulator.system import Machine
from emulator.system_config import SystemConfig
from emulator.workload import JOB_MIX
from toolchain.kernel import KernelImage

_LIMIT_NS: Final = 60_000_000_000


@dataclass(frozen=True)
class JobRun:
    """What came of one."""

    jobs: int
    per_minute: int
    """Jobs per virtual minute."""
    instructions: int
    """Of all CPUs, from the first job to the last."""

    @property
    def per_job(self) -> float:
        """Instructions of one job."""
        return self.instructions / self.jobs


@dataclass(frozen=True)
class StartedJobs:
    """The job mix on its way."""

    machine: Machine
    session: Session

    def wait(self) -> WorkloadStatus:
        """Until all is done. Raises GuestError when anything was wrong."""
        status = self.session.wait_until_ended(JOB_MIX, _LIMIT_NS)
        if status.errors:
            raise GuestError(f"{JOB_MIX}: {status.errors} of {status.operations} jobs were wrong")
        return status


@dataclass(frozen=True)
class LoadedKernel:
    """A kernel, and two CPUs on which it is ready."""

    image: KernelImage
    ready: Checkpoint

    @classmethod
    def of(cls, image: KernelImage) -> LoadedKernel:
        """Boots it. Raises GuestError."""
        with Machine(SystemConfig(kernel=image.path)) as machine:
            machine.run_until_ready()
            Session(machine, kernel=image).fix_race()
            return cls(image, machine.save())

    @contextmanager
    def started(self, clients: int, jobs: int, seed: int) -> Iterator[StartedJobs]:
        """``jobs`` of each client, which follow from the seed."""
        with Machine.from_checkpoint(self.ready, kernel=self.image.path) as machine:
            session = Session(machine, workload_seed=seed, kernel=self.image)
            session.do(Start(workload=JOB_MIX, clients=clients, operations=jobs))
            yield StartedJobs(machine, session)

    def run_jobs(self, clients: int, jobs: int, seed: int) -> JobRun:
        """From beginning to end. Raises GuestError."""
        with self.started(clients, jobs, seed) as started:
            before = _instructions(started.machine)
            status = started.wait()
            return JobRun(status.operations, status.per_minute, _instructions(started.machine) - before)


def _instructions(machine: Machine) -> int:
    return sum(cpu.instructions for cpu in machine.cpus)
