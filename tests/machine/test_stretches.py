"""Stretches of a program's run, to the instruction, however it is cut into slices."""

import pytest

from emulator.cpu.binding import StretchPointStruct, StretchRole
from emulator.errors import EngineError
from emulator.machine import Policy, Random, RoundRobin
from tests.machine.program import ENTRY, Bench, open_bench

ON = "mfmsr 6; ori 7, 6, 0x8002; mtmsrd 7; nop;"
OFF_FOR_13 = "mtmsrd 6; li 8, 10; mtctr 8; again: bdnz again; mtmsrd 7;"
SEVEN = "li 9, 5; mtctr 9; more: bdnz more;"
LOOP = ENTRY + 4 * 7
BEGIN = ENTRY + 4 * 9
END = BEGIN + 4 * 3
POLICIES = [RoundRobin(), Random(1_000)]


def run(policy: Policy, seed: int) -> Bench:
    bench = open_bench(policy=policy, seed=seed)
    bench.hardware.engine.watch_stretches(
        [
            StretchPointStruct(BEGIN, 3, StretchRole.BEGINS),
            StretchPointStruct(END, 3, StretchRole.ENDS),
            StretchPointStruct(LOOP, 0, StretchRole.BEAT),
        ]
    )
    bench.run(ON + OFF_FOR_13 + SEVEN + "nop;")
    return bench


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("policy", POLICIES, ids=["whole-slices", "random"])
def test_lengths_are_exact(policy: Policy, seed: int) -> None:
    engine = run(policy, seed).hardware.engine
    between = engine.stretch(3)
    assert (between.count, between.longest, between.place, between.end) == (1, 7, BEGIN, END)
    gaps = engine.gap(0)
    assert (gaps.count, gaps.longest) == (9, 1)
    off = engine.interrupts_off(0)
    # The program begins with interrupts off.
    assert (off.count, off.longest, off.place, off.end) == (2, 13, ENTRY + 4 * 5, BEGIN)


def test_too_many_addresses_are_refused() -> None:
    bench = open_bench()
    with pytest.raises(EngineError, match="65 addresses cannot be watched"):
        bench.hardware.engine.watch_stretches([StretchPointStruct(ENTRY, 0, StretchRole.BEAT)] * 65)
