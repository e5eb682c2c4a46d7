"""A run is a pure function of image, schedule and seed, however often the host looks at it."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.machine import (
    Hardware,
    MachineState,
    Policy,
    Random,
    RoundRobin,
    Scripted,
    Stop,
    Until,
    parse_script,
)
from tests.machine.busy import SHARED, open_busy

SCRIPT = """
    run 1 for 777
    run 0 until 0x10080
    turns until 1 0x10084
    turns until time 50000
    hold cpu 1
    hold thread 7 at 0x10090
    turns until time 90000
    release thread 7
    release cpu 1
    inject 0x900 on 0
    run 0 for 1
    random quantum 3000
"""
POLICIES = {
    "round robin": RoundRobin(),
    "short turns": RoundRobin(1_000),
    "random": Random(5_000),
    "script": Scripted(parse_script(SCRIPT, lambda _symbol: None)),
}
END = 400_000


def fingerprint(hardware: Hardware) -> tuple[object, ...]:
    counts = tuple(cpu.instructions for cpu in hardware.cpus)
    return hardware.state_hash(), hardware.schedule_digest(), counts, hardware.time


def finish(hardware: Hardware) -> tuple[object, ...]:
    hardware.run(Until(deadline_ns=END))
    return fingerprint(hardware)


def undisturbed(policy: Policy, seed: int = 1) -> tuple[object, ...]:
    with open_busy(policy, seed) as hardware:
        return finish(hardware)


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES.keys())
def test_the_program_exercises_the_machine(policy: Policy) -> None:
    with open_busy(policy) as hardware:
        hardware.run(Until(deadline_ns=END))
        for cpu in hardware.cpus:
            assert cpu.registers["r20"] > 20
            assert cpu.registers["r21"] > 5
        assert hardware.memory.read_word(SHARED) > 1_000


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES.keys())
def test_same_seed_same_run(policy: Policy) -> None:
    assert undisturbed(policy) == undisturbed(policy)


def test_another_seed_is_another_run() -> None:
    assert undisturbed(Random(5_000), 1) != undisturbed(Random(5_000), 2)


def test_the_same_in_another_process() -> None:
    script = (
        "from tests.machine.test_determinism import *\n"
        "print(undisturbed(Random(5_000), 3), undisturbed(RoundRobin(), 3))"
    )
    root = Path(__file__).parents[2]
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == f"{undisturbed(Random(5_000), 3)} {undisturbed(RoundRobin(), 3)}"


def look_at_instructions(hardware: Hardware, cpu: int, ahead: int) -> Stop:
    goal = hardware.cpus[cpu].instructions + ahead
    stop = hardware.run(Until(deadline_ns=END, cpu=cpu, instructions=goal))
    if stop.reached:
        assert hardware.cpus[cpu].instructions == goal
    return stop


LOOKS = st.lists(st.tuples(st.integers(0, 1), st.integers(1, 9_000)), min_size=1, max_size=40)


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES.keys())
@settings(max_examples=15, deadline=None, derandomize=True)
@given(looks=LOOKS)
def test_stopping_at_any_instruction_does_not_disturb(policy: Policy, looks: list[tuple[int, int]]) -> None:
    expected = undisturbed(policy)
    with open_busy(policy) as hardware:
        for cpu, ahead in looks:
            look_at_instructions(hardware, cpu, ahead)
        assert finish(hardware) == expected


def test_stepping_through_every_instruction_does_not_disturb() -> None:
    expected = undisturbed(RoundRobin())
    with open_busy(RoundRobin()) as hardware:
        hardware.run(Until(deadline_ns=100_000))
        for _ in range(1_500):
            assert look_at_instructions(hardware, 1, 1).reached
        assert finish(hardware) == expected


def test_stopping_at_an_address_does_not_disturb() -> None:
    expected = undisturbed(Random(5_000))
    with open_busy(Random(5_000)) as hardware:
        address = hardware.cpus[0].pc + 4 * 25
        for _ in range(300):
            stop = hardware.run(Until(deadline_ns=END, cpu=1, address=address))
            assert stop.reached
            assert hardware.cpus[1].pc == address
        assert finish(hardware) == expected


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES.keys())
@settings(max_examples=10, deadline=None, derandomize=True)
@given(looks=LOOKS)
def test_a_restored_machine_goes_on_as_the_saved_one(policy: Policy, looks: list[tuple[int, int]]) -> None:
    expected = undisturbed(policy)
    with open_busy(policy) as hardware:
        for cpu, ahead in looks:
            look_at_instructions(hardware, cpu, ahead)
        saved = hardware.save().to_bytes()
        assert finish(hardware) == expected
        hardware.restore(MachineState.from_bytes(saved))
        assert finish(hardware) == expected
    with open_busy(policy, seed=99) as fresh:
        fresh.restore(MachineState.from_bytes(saved))
        assert fresh.save().to_bytes() == saved
        assert finish(fresh) == expected


def test_restored_in_another_process(tmp_path: Path) -> None:
    with open_busy(Random(5_000)) as hardware:
        look_at_instructions(hardware, 1, 54_321)
        (tmp_path / "state").write_bytes(hardware.save().to_bytes())
    script = (
        "import sys, pathlib\n"
        "from tests.machine.test_determinism import *\n"
        "hardware = open_busy(Random(5_000), seed=7)\n"
        "hardware.restore(MachineState.from_bytes(pathlib.Path(sys.argv[1]).read_bytes()))\n"
        "print(finish(hardware))"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "state")]
    root = Path(__file__).parents[2]
    result = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == str(undisturbed(Random(5_000)))
