"""An interrupt between any two instructions leaves no trace in the interrupted code."""

from collections.abc import Sequence

import pytest

from emulator.machine import StopReason
from emulator.machine.policy import Directive, DirectiveKind, Policy, RoundRobin
from tests.guest.arch_kernels import extended_image, shipped_image
from tests.guest.arch_machine import KernelMachine, run_guest_tests, symbols_of

SYSTEM_RESET = 0x100
DECREMENTER = 0x900
ENDLESS = 1 << 40
TURNS = Directive(DirectiveKind.TURNS, amount=20_000)
KEPT = "registers kept"


class Scripted(Policy):
    """The given directives, then round robin."""

    def __init__(self, directives: Sequence[Directive]) -> None:
        self._directives = [*directives, TURNS]

    @property
    def name(self) -> str:
        """Not one of the shipped policies."""
        return "scripted by a test"

    def directives(self) -> Sequence[Directive]:
        """All of them, and from then on the endless one."""
        given, self._directives = self._directives, [TURNS]
        return given


def until(address: int) -> Directive:
    """CPU 0 runs until it is about to execute the instruction there."""
    return Directive(DirectiveKind.UNTIL, amount=ENDLESS, address=address)


def run(instructions: int) -> Directive:
    """CPU 0 runs for exactly that many."""
    return Directive(DirectiveKind.RUN, amount=instructions)


def inject(vector: int) -> Directive:
    """CPU 0 takes the exception before its next instruction, a reset as soon as RI is on."""
    return Directive(DirectiveKind.INJECT, amount=vector)


def loop_bounds() -> tuple[int, int]:
    """First and last instruction of the loop of keep_registers.S."""
    symbols = symbols_of(extended_image())
    return symbols["keep_registers_loop"], symbols["keep_registers_loop_end"]


def run_loop(rounds: int, directives: Sequence[Directive]) -> tuple[list[str], int]:
    """The console's lines, and the instructions executed, of a run of the loop under a schedule."""
    arguments = f"rounds={rounds}"
    with KernelMachine(extended_image(), cpus=1, arguments=arguments, policy=Scripted(directives)) as machine:
        assert machine.run().reason is StopReason.IDLE, machine.console.text
        return machine.lines, machine.hardware.cpus[0].instructions


@pytest.mark.parametrize("vector", [DECREMENTER, SYSTEM_RESET])
def test_registers_survive_an_interrupt_at_every_instruction(vector: int) -> None:
    begin, end = loop_bounds()
    directives = [until(begin)]
    for address in range(begin, end + 4, 4):
        directives += [inject(vector), until(vector), until(address), run(1)]
    lines, instructions = run_loop(2, directives)
    assert KEPT in lines
    undisturbed = run_loop(2, [])[1]
    assert instructions > undisturbed + 100 * (end - begin) // 4


def test_registers_survive_time_slices() -> None:
    lines, _ = run_loop(200_000, [])
    assert KEPT in lines


def test_the_loop_notices_a_changed_register() -> None:
    with KernelMachine(extended_image(), cpus=1, arguments="rounds=3") as machine:
        machine.run_to("keep_registers_loop")
        machine.hardware.cpus[0].registers["r25"] ^= 1
        assert machine.run().reason is StopReason.IDLE
        assert "registers changed" in machine.lines


def test_a_reset_at_any_instruction_of_an_interrupt_changes_nothing() -> None:
    """It comes with interrupts off too, and waits only while entry or exit could not survive it."""
    begin, _ = loop_bounds()
    handler = run_loop(2, [until(begin), inject(DECREMENTER)])[1] - run_loop(2, [])[1]
    directives = []
    for offset in range(handler):
        directives += [until(begin), inject(DECREMENTER), run(offset), inject(SYSTEM_RESET)]
    lines, instructions = run_loop(handler + 2, directives)
    assert KEPT in lines
    assert instructions > run_loop(handler + 2, [])[1] + handler * (handler + 100)


@pytest.mark.parametrize("distance", [487, 1009])
def test_resets_all_the_time_disturb_neither_switches_nor_programs(distance: int) -> None:
    ready = symbols_of(shipped_image())["_ZN6kernel9run_testsEPKc"]
    resets = [directive for _ in range(2000) for directive in (run(distance), inject(SYSTEM_RESET))]
    policy = Scripted([until(ready), *resets])
    lines = run_guest_tests(shipped_image(), "problem_state", cpus=1, policy=policy)
    assert lines[-1].endswith(" run, 0 failed")
    assert run_guest_tests(shipped_image(), "problem_state", cpus=1, policy=RoundRobin()) == lines
