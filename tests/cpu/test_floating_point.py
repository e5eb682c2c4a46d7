"""Floating-point registers survive slices that end inside blocks, and a saved state."""

from emulator.machine import MachineState, Random, RoundRobin, Until
from tests.machine.program import ENTRY, open_bench

MSR_FP = 0x2000
PROGRAM = (
    "mfmsr 5; ori 5, 5, 0x2000; mtmsrd 5; lis 8, 3; li 5, 3; std 5, 0(8); lfd 1, 0(8); fcfid 1, 1; fmr 2, 1;"
    "mtfsfi 7, 2; again: fadd 2, 2, 1; fmul 3, 2, 1; fsub 4, 3, 2; fdiv 5, 4, 1; addi 6, 6, 1; b again"
)
FLOATS = ("f1", "f2", "f3", "f4", "f5", "fpscr", "r6")


def results(instructions: int, policy: Random | RoundRobin) -> list[int]:
    bench = open_bench(2, policy)
    bench.load(PROGRAM)
    for cpu in bench.hardware.cpus:
        cpu.start(ENTRY, 0)
    bench.hardware.run(Until(cpu=0, instructions=instructions))
    return [bench[name] for name in FLOATS]


def test_exact_slices_change_no_result() -> None:
    assert results(30_001, Random(1_000)) == results(30_001, RoundRobin())


def test_registers_and_rounding_are_part_of_the_state() -> None:
    bench = open_bench()
    bench.load(PROGRAM)
    bench.hardware.cpus[0].start(ENTRY, 0)
    bench.hardware.run(Until(cpu=0, instructions=1_003))
    state = MachineState.from_bytes(bench.hardware.save().to_bytes())
    fresh = open_bench()
    fresh.hardware.restore(state)
    for machine in (bench, fresh):
        machine.hardware.run(Until(cpu=0, instructions=2_006))
    assert [bench[name] for name in FLOATS] == [fresh[name] for name in FLOATS]
    assert bench["fpscr"] & 3 == 2
    assert bench["f2"] != 0
