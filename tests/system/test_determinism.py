"""A run is a function of its inputs, in this and in any other process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from emulator import Machine, SystemConfig
from tests.system.machines import kernel, module, ready_machine

_CHILD = """
import json, sys
from tests.system.test_determinism import loaded_run
policy, seed, kernel, module = sys.argv[1:]
print(json.dumps(loaded_run(policy, int(seed), kernel, module)))
"""


def loaded_run(policy: str, seed: int, kernel_path: str, update: str) -> dict[str, Any]:
    """Boots, counts on both CPUs, applies an update under load; what the run amounts to."""
    with Machine(SystemConfig(seed=seed, policy=policy, kernel=Path(kernel_path))) as machine:
        machine.run_until_ready()
        machine.monitor.workload_start("counting")
        machine.run_for(300_000)
        machine.monitor.apply(Path(update))
        machine.run_for(100_000)
        document = machine.report().to_dict() | {
            "updates": [u.to_dict() for u in machine.monitor.update_records]
        }
    del document["wall_seconds"]
    return json.loads(json.dumps(document))  # type: ignore[no-any-return]


@pytest.mark.parametrize("policy", ["round-robin", "random"])
def test_two_processes_make_the_same_run(policy: str) -> None:
    environment = dict(os.environ, PYTHONHASHSEED="77", PYTHONPATH=str(Path(__file__).parents[2]))
    inputs = (str(kernel().path), str(module("saturating_counter")))
    child = subprocess.run(
        [sys.executable, "-c", _CHILD, policy, "5", *inputs],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(child.stdout) == loaded_run(policy, 5, *inputs)


def test_another_seed_is_another_interleaving() -> None:
    inputs = (str(kernel().path), str(module("saturating_counter")))
    one, other = loaded_run("random", 5, *inputs), loaded_run("random", 6, *inputs)
    assert one["schedule_digest"] != other["schedule_digest"]
    assert one["state_hash"] != other["state_hash"]


def test_looking_does_not_change_a_run() -> None:
    with ready_machine() as watched, ready_machine() as control:
        for machine in (watched, control):
            machine.monitor.workload_start("counting")
        end = control.virtual_ns + 200_000
        control.run_for(200_000)
        while watched.virtual_ns < end:
            watched.run_for(min(7_001, end - watched.virtual_ns))
            watched.monitor.cpu_backtrace(0)
            watched.report()
        assert watched.report().state_hash == control.report().state_hash
        assert watched.hardware.schedule_digest() == control.hardware.schedule_digest()
