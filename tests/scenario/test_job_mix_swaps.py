"""Every object that the job mix uses is swapped while it runs, and no client notices."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Final

import pytest

from emulator import Machine, SystemConfig
from emulator.errors import GuestError
from emulator.monitor import Monitor
from emulator.scenario.perform import perform
from emulator.scenario.session import Session
from emulator.scenario.steps import CheckDisk, PowerOff, Start
from tests.system.machines import kernel

LIMIT_NS: Final = 20_000_000_000
LONGEST_PAUSE_NS: Final = 200_000
NAMED: Final = {"job-board": "QueuedPort", "file-system": "FileSystemDisk", "page-manager": "PMRoot"}
PROCESSES: Final = ("ProcessReplicated", "ProcessShared")
CLASSES: Final = (
    *PROCESSES,
    "FCMDefault",
    "FCMFile",
    "FileRepresentativeDisk",
    "HATDefault",
    "PMLeaf",
    "QueuedPort",
    "RegionDefault",
)


def swap_something(monitor: Monitor, random: Random) -> str:
    """The class that has got another object; empty when there was none, or it went before its swap ended."""
    if random.randrange(4) == 0:
        name, new_class = random.choice(sorted(NAMED.items()))
    else:
        new_class = random.choice(CLASSES)
        live = [each for each in monitor.objects() if each.class_name == new_class and not each.name]
        if not live:
            return ""
        name = random.choice(live).reference
        if new_class in PROCESSES:
            new_class = random.choice(PROCESSES)
    try:
        monitor.swap(name, new_class)
    except GuestError as gone:
        assert "gone" in str(gone).lower() or "NOT_FOUND" in str(gone), gone
        return ""
    return new_class


def swap_under_the_mix(seed: int, clients: int, cpus: int) -> Counter[str]:
    """How many objects of each class were swapped while all answers were right."""
    config = SystemConfig(cpus=cpus, seed=seed, policy="random", kernel=kernel().path)
    random, swapped = Random(seed), Counter[str]()
    with Machine(config) as machine:
        machine.run_until_ready()
        session = Session(machine, workload_seed=seed, kernel=kernel())
        session.do(Start(workload="job-mix", clients=clients, operations=40))
        while session.look_at("job-mix").running:
            swapped[swap_something(machine.monitor, random)] += 1
            if random.randrange(4) == 0:
                machine.monitor.set_default_factory("Process", random.choice(PROCESSES))
            machine.run_for(random.randrange(1, LONGEST_PAUSE_NS))
        status = session.wait_until_ended("job-mix", LIMIT_NS)
        assert (status.operations, status.errors) == (clients * 40, 0)
        perform(PowerOff(), session)
        assert "as its clients wrote them" in perform(CheckDisk(), session).text
    del swapped[""]
    return swapped


def test_no_client_notices() -> None:
    swapped = swap_under_the_mix(seed=1, clients=4, cpus=2)
    assert set(NAMED.values()) <= set(swapped)
    assert len(swapped) >= 8


@pytest.mark.matrix
@pytest.mark.parametrize("cpus", [1, 2, 4])
@pytest.mark.parametrize("clients", [4, 8, 16])
@pytest.mark.parametrize("seed", range(2, 12))
def test_no_client_notices_from_more_seeds(seed: int, clients: int, cpus: int) -> None:
    assert sum(swap_under_the_mix(seed, clients, cpus).values()) > 20
