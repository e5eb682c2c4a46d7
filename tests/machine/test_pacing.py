"""A slice of N instructions is exactly N, whatever blocks, exceptions and hypercalls lie in it."""

from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.abi.hypercalls import Hypercall
from emulator.machine import Directive, DirectiveKind, Hardware, Scripted
from tests.machine.program import ENTRY, SC_1, Bench, open_bench

LENGTH = 700
# Long and short blocks, every kind of branch, faults that return behind themselves, hypercalls, reservations.
PROGRAM = f"""
    li 20, 0; lis 30, 3; lis 28, 0x4000; lis 5, 2; mtctr 5
loop:
    addi 20, 20, 1; mulli 21, 20, 7; xor 22, 21, 20; std 22, 0(30); ld 23, 0(30); add 24, 24, 23
    andi. 6, 20, 3; bne skip
    trap
    ld 25, 0(28)
    .long 0
    sc
skip:
    bl leaf
    li 3, {Hypercall.INSTRUCTIONS}; {SC_1}; add 26, 26, 4
    ldarx 7, 0, 30; addi 7, 7, 1; stdcx. 7, 0, 30; bne skip
    cmpdi 20, 5; blt more; subf 27, 20, 26; more: addi 27, 27, 3
    bdnz loop
leaf:
    addi 19, 19, 1; blr
"""
_SKIP_INSTRUCTION = "mfspr 10, 26; addi 10, 10, 4; mtspr 26, 10; addi 11, 11, 1; rfid"
_GO_ON = "addi 12, 12, 1; rfid"


def machine(directives: list[Directive]) -> Bench:
    bench = open_bench(1, Scripted([*directives, Directive(DirectiveKind.STOP)]))
    for vector in (0x200, 0x700, 0xE40):
        bench.load(_SKIP_INSTRUCTION, vector)
    bench.load(_GO_ON, 0xC00)
    bench.load(PROGRAM)
    bench.hardware.cpus[0].start(ENTRY, 0)
    return bench


def run_for(instructions: int) -> Directive:
    return Directive(DirectiveKind.RUN, amount=instructions)


def observe(hardware: Hardware) -> tuple[int, tuple[int, ...]]:
    cpu = hardware.cpus[0]
    return cpu.pc, cpu.registers.gprs()


@cache
def trace() -> list[tuple[int, tuple[int, ...]]]:
    """PC and registers after every instruction, one slice each."""
    stop = Directive(DirectiveKind.STOP)
    bench = machine([directive for _ in range(LENGTH) for directive in (run_for(1), stop)])
    seen = [observe(bench.hardware)]
    for count in range(1, LENGTH + 1):
        assert bench.hardware.run().reached
        assert bench.hardware.cpus[0].instructions == count
        seen.append(observe(bench.hardware))
    assert bench.exceptions == []
    return seen


def test_the_program_takes_every_kind_of_exception() -> None:
    _, registers = trace()[LENGTH]
    assert registers[11] >= 9
    assert registers[12] >= 3


@settings(max_examples=60, deadline=None, derandomize=True)
@given(lengths=st.lists(st.integers(1, 120), min_size=1, max_size=12))
def test_any_division_into_slices_gives_the_same_run(lengths: list[int]) -> None:
    bench = machine([run_for(length) for length in lengths])
    reached = 0
    while reached < sum(lengths) and bench.hardware.run().reached:
        reached = bench.hardware.cpus[0].instructions
    assert reached == sum(lengths)
    if reached <= LENGTH:
        assert observe(bench.hardware) == trace()[reached]


def test_every_length_from_the_start() -> None:
    for length in range(1, LENGTH, 13):
        bench = machine([run_for(length)])
        bench.hardware.run()
        assert observe(bench.hardware) == trace()[length], length
        bench.hardware.close()
