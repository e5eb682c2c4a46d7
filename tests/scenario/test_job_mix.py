"""The job mix on whole machines: every answer right, and the disk as the clients left it."""

from __future__ import annotations

import pytest

from emulator import Machine, SystemConfig
from emulator.errors import GuestError
from emulator.scenario.perform import perform
from emulator.scenario.result import RunResult
from emulator.scenario.session import Session
from emulator.scenario.steps import CheckDisk, Start
from tests.scenario.test_runner import run, step
from tests.system.machines import kernel

KINDS = {"memory", "talk", "exchange", "process", "write", "read", "remove", "map"}
SEEDS = range(1, 21)


def job_mix(seed: int, clients: int, jobs: int, machine: str = "") -> RunResult:
    return run(
        step("start", workload="job-mix", clients=clients, operations=jobs, seed=seed)
        + step("wait", workload="job-mix")
        + step("drain")
        + step("power-off")
        + step("check-disk"),
        f"[machine]\nseed = {seed}\n{machine}",
    )


def expect_all_right(result: RunResult, jobs: int) -> None:
    assert result.error is None
    (mix,) = result.workload["parts"]
    assert (mix["operations"], mix["errors"], mix["running"]) == (jobs, 0, 0)
    assert sum(kind["done"] for kind in mix["kinds"].values()) == jobs
    assert all(kind["wrong"] == kind["refused"] == 0 for kind in mix["kinds"].values())
    assert result.steps[-1].text.startswith("clean: ")


def test_jobs_of_every_kind_are_done_and_the_disk_has_what_was_written() -> None:
    result = job_mix(seed=1, clients=4, jobs=40)
    expect_all_right(result, 160)
    (mix,) = result.workload["parts"]
    assert set(mix["kinds"]) == KINDS
    assert all(kind["done"] for kind in mix["kinds"].values())
    assert mix["kept"]["files"] > 0
    assert mix["per_minute"] == 160 * 60_000_000_000 // mix["elapsed_ns"]


def test_it_is_the_same_run_from_the_same_seed() -> None:
    first, second = job_mix(seed=2, clients=3, jobs=15), job_mix(seed=2, clients=3, jobs=15)
    assert first.machine["state_hash"] == second.machine["state_hash"]
    assert first.workload == second.workload


@pytest.mark.matrix
@pytest.mark.parametrize("policy", ["round-robin", "random"])
@pytest.mark.parametrize("clients", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("seed", SEEDS)
def test_over_seeds_and_client_counts(seed: int, clients: int, policy: str) -> None:
    result = job_mix(seed=seed, clients=clients, jobs=40, machine=f'policy = "{policy}"')
    expect_all_right(result, clients * 40)


@pytest.mark.matrix
@pytest.mark.parametrize("cpus", [1, 4, 8])
@pytest.mark.parametrize("seed", SEEDS[:5])
def test_on_other_numbers_of_cpus(seed: int, cpus: int) -> None:
    expect_all_right(job_mix(seed=seed, clients=8, jobs=40, machine=f"cpus = {cpus}"), 320)


def test_a_byte_that_changed_on_the_disk_is_found() -> None:
    with Machine(SystemConfig(kernel=kernel().path)) as machine:
        machine.run_until_ready()
        session = Session(machine, keep_race=True)
        session.do(Start(workload="job-mix", clients=1, operations=30))
        session.wait_until_ended("job-mix", 1_000_000_000)
        assert perform(CheckDisk(), session).text.startswith("clean: ")
        medium = machine.devices.disk.medium
        block = next(number for number in reversed(range(medium.blocks)) if any(medium.read(number)))
        data = bytearray(medium.read(block))
        data[100] ^= 1
        medium.write(block, bytes(data))
        with pytest.raises(GuestError, match=r"chunks are wrong: /client0/file\d: chunk \d+"):
            perform(CheckDisk(), session)
