"""A scenario that begins with a checkpoint goes on as the one that wrote it, to the same state."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.errors import UsageError
from emulator.scenario.result import RunResult
from emulator.scenario.runner import run_scenario
from emulator.scenario.scenario import parse_scenario, write_scenario
from tests.system.machines import kernel

WARM_UP = """
[machine]
cpus = 3
memory = "32M"
seed = 5
policy = "random"

[workload]
seed = 9

[[step]]
do = "boot"

[[step]]
do = "start"
workload = "job-mix"
clients = 4

[[step]]
do = "wait"
time = "3ms"

[[step]]
do = "save"
file = "warm.checkpoint"
"""
RESTORE = '[[step]]\ndo = "restore"\nfile = "warm.checkpoint"\n'
GOES_ON = """
[[step]]
do = "apply"
update = "fcm_unmap"

[[step]]
do = "wait"
time = "2ms"

[[step]]
do = "stop"
workload = "job-mix"

[[step]]
do = "expect"
figure = "workload.errors"
is = 0
"""


def run(text: str, folder: Path, **flags: int | str) -> RunResult:
    result = run_scenario(parse_scenario(text, folder=folder).with_flags(**flags), kernel=kernel())
    assert result.error is None, result.error
    return result


def hashes(result: RunResult) -> tuple[str, str]:
    return result.machine["state_hash"], result.machine["schedule_digest"]


def test_it_goes_on_to_the_same_state(tmp_path: Path) -> None:
    whole = run(WARM_UP + GOES_ON, tmp_path)
    restored = run(RESTORE + GOES_ON, tmp_path)
    assert hashes(restored) == hashes(whole)
    assert restored.workload == whole.workload
    assert restored.machine["seed"] == 5


def test_another_seed_is_another_schedule_from_there(tmp_path: Path) -> None:
    run(WARM_UP, tmp_path)
    seeds = {hashes(run(RESTORE + GOES_ON, tmp_path, seed=seed)) for seed in (1, 2, 1)}
    assert len(seeds) == 2


def test_a_run_can_go_back_to_where_it_was(tmp_path: Path) -> None:
    """The second time it does what it did the first time."""
    once = run(WARM_UP + GOES_ON, tmp_path)
    twice = run(WARM_UP + GOES_ON + RESTORE + GOES_ON, tmp_path)
    assert hashes(twice) == hashes(once)


def test_the_control_run_begins_there_too(tmp_path: Path) -> None:
    run(WARM_UP, tmp_path)
    result = run("[report]\ncontrol = true\n" + RESTORE + GOES_ON, tmp_path)
    assert result.control is not None
    assert result.control.error is None
    assert result.control.workload["operations"] > 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"[machine]\ncpus = 2\n{RESTORE}", '1: unknown key "machine" in a scenario that begins with a chec'),
        (f"[disk]\nblocks = 8\n{RESTORE}", '2: unknown key "blocks" in [disk] of a scenario that begins wit'),
        ('[[step]]\ndo = "drain"\n', '2: the first step is do = "boot", or "restore"'),
    ],
)
def test_what_the_checkpoint_decides_is_not_said_again(text: str, message: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_scenario(text)
    assert message in str(refused.value)


def test_flags_cannot_change_what_it_is_made_of(tmp_path: Path) -> None:
    scenario = parse_scenario(RESTORE, folder=tmp_path)
    with pytest.raises(UsageError, match="cpus: that of the checkpoint"):
        scenario.with_flags(cpus=4)


def test_a_missing_or_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    scenario = parse_scenario(RESTORE, folder=tmp_path)
    with pytest.raises(UsageError, match=r"warm\.checkpoint: No such file"):
        run_scenario(scenario)
    (tmp_path / "warm.checkpoint").write_bytes(b"something")
    with pytest.raises(UsageError, match=r"warm\.checkpoint: not a checkpoint"):
        run_scenario(scenario)


def test_it_is_written_as_it_is_read() -> None:
    scenario = parse_scenario(RESTORE)
    assert parse_scenario(write_scenario(scenario)).steps[0] == scenario.steps[0]
