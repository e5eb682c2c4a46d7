"""Counts of executions: complete, and without an effect on the run."""

from emulator.bench.executions import Executions
from emulator.scenario.session import Session
from emulator.scenario.steps import Start
from emulator.system import Machine
from emulator.workload import JOB_MIX
from tests.system.machines import ready_machine

LIMIT_NS = 10_000_000_000
JOBS = 6


def start_jobs(machine: Machine) -> Session:
    session = Session(machine, workload_seed=3)
    session.fix_race()
    session.do(Start(workload=JOB_MIX, clients=2, operations=JOBS))
    return session


def test_every_instruction_is_counted_once_and_nobody_notices() -> None:
    with ready_machine() as machine:
        session = start_jobs(machine)
        before = sum(cpu.instructions for cpu in machine.cpus)
        with Executions(machine) as executions:
            status = session.wait_until_ended(JOB_MIX, LIMIT_NS)
        executed = sum(cpu.instructions for cpu in machine.cpus) - before
        watched = machine.report()
        runs_of_jobs = executions.at(machine.symbols.entry("kernel::OuterLoop::pass"))
    # Programs in problem state, and nothing else, run code that was not watched.
    assert 0.9 * executed < executions.total < executed
    assert runs_of_jobs >= status.operations == 2 * JOBS
    with ready_machine() as machine:
        start_jobs(machine).wait_until_ended(JOB_MIX, LIMIT_NS)
        alone = machine.report()
    assert watched.state_hash == alone.state_hash and watched.schedule_digest == alone.schedule_digest
