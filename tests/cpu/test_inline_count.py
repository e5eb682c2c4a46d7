"""Blocks that count by themselves run as blocks that call the engine, to the instruction."""

import platform
import sys

import pytest

from emulator.bench.bare import BareMachine
from emulator.bench.loops import LOOPS, Loop
from emulator.cpu.binding import engine_library
from emulator.machine import Hardware, Policy, Random, RoundRobin, Until
from tests.machine.busy import open_busy
from tests.machine.program import ENTRY, open_bench

KNOWN = sys.platform == "linux" and platform.machine() == "x86_64"
"""Is it known for this host how to write into blocks? Elsewhere both ways are one, and the same must hold."""


@pytest.fixture(params=["by themselves", "by calls"])
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "by calls":
        count_by_calls(monkeypatch)


def count_by_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_library().layout, "inline_count", 0)


def inline_blocks(hardware: Hardware) -> int:
    return int(hardware.engine.c.machine_inline_blocks(hardware.engine.handle))


def fingerprint(hardware: Hardware) -> tuple[str, str, list[int]]:
    counts = [cpu.instructions for cpu in hardware.cpus]
    return hardware.state_hash(), hardware.schedule_digest(), counts


def test_known_hosts_have_them() -> None:
    assert engine_library().layout.inline_count == KNOWN


def run_busy(policy: Policy, seed: int) -> tuple[tuple[str, str, list[int]], int]:
    with open_busy(policy, seed) as hardware:
        hardware.run(Until(deadline_ns=600_000))
        return fingerprint(hardware), inline_blocks(hardware)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "policy", [RoundRobin(), RoundRobin(1_000), Random(5_000)], ids=["turns", "short turns", "random"]
)
def test_interrupts_devices_and_sleep(policy: Policy, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    by_themselves, blocks = run_busy(policy, seed)
    assert (blocks > 10) == KNOWN
    count_by_calls(monkeypatch)
    assert run_busy(policy, seed) == (by_themselves, 0)


def run_loop(loop: Loop) -> tuple[tuple[str, str, list[int]], int]:
    with BareMachine(loop, 3_000, cpus=2, quantum=7_000) as machine:
        machine.run()
        return fingerprint(machine.hardware), inline_blocks(machine.hardware)


@pytest.mark.parametrize("loop", LOOPS, ids=[loop.name for loop in LOOPS])
def test_the_loops_of_the_benchmark(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under translation, in the upper quadrant, and every block of the loop on both CPUs."""
    by_themselves, blocks = run_loop(loop)
    assert (blocks >= 4) == KNOWN
    count_by_calls(monkeypatch)
    assert run_loop(loop) == (by_themselves, 0)


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("length", [2, 30, 31, 32, 33, 200, 511])
def test_any_stop_in_blocks_of_any_length(length: int) -> None:
    """Some lengths need a longer operand, for which a block at a low address has no room."""
    bench = open_bench()
    bench.load("addi 7, 7, 1;" * (length - 1) + "b 0x10000")
    cpu = bench.hardware.cpus[0]
    cpu.start(ENTRY, 0)
    for goal in (1, length, 5 * length + 1, 30 * length - 1, 20_011, 61_113, 150_000):
        assert bench.hardware.run(Until(instructions=goal)).reached
        turns, rest = divmod(goal, length)
        assert cpu.instructions == goal
        assert cpu.pc == ENTRY + 4 * rest
        assert bench["r7"] == turns * (length - 1) + rest


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("turns", [1, 2, 50, 30_000])
def test_an_exception_in_a_block_that_ran_before(turns: int) -> None:
    """What it cuts off the block is not counted; the trap is the third of a loop of five."""
    bench = open_bench()
    trap = 0x0885_0000 | turns  # tdi 4, 5, turns: when equal
    assert trap >> 16 & 31 == 5
    loop = f"loop: addi 5, 5, 1; addi 6, 6, 1; .long {trap}; addi 7, 7, 1; b loop;"
    bench.run("li 5, 0;" + loop)
    assert bench.exceptions == [(0, 0x700)]
    assert bench["srr0"] == ENTRY + 12
    assert (bench["r5"], bench["r6"], bench["r7"]) == (turns, turns, turns - 1)
    reported = 2  # of the vector's instructions: li 4, li 3; the hypercall is the third
    assert bench.hardware.cpus[0].instructions == 1 + 5 * (turns - 1) + 2 + reported + 1


@pytest.mark.usefixtures("either_way")
def test_new_code_counts_too() -> None:
    """Translations are dropped and written anew, with another length."""
    bench = open_bench()
    cpu = bench.hardware.cpus[0]
    cpu.start(ENTRY, 0)
    goal = 0
    for length in (3, 9, 5, 40):
        bench.load("addi 7, 7, 1;" * (length - 1) + "b 0x10000;" + "b 0x10000;" * 50)
        goal += 300 * length
        assert bench.hardware.run(Until(instructions=goal)).reached
        assert cpu.pc == ENTRY
    assert bench["r7"] == 300 * (2 + 8 + 4 + 39)
