"""An interrupt between any two instructions leaves no trace in the interrupted code."""

from collections import deque
from collections.abc import Sequence

import pytest

from emulator.machine import StopReason
from emulator.machine.cpu import Cpu
from emulator.machine.policy import Directive, DirectiveKind, Policy
from emulator.monitor.symboliser import Symboliser
from tests.guest.arch_kernels import extended_image
from tests.guest.arch_machine import SHORT_NS, KernelMachine, symbols_of

SYSTEM_RESET = 0x100
DECREMENTER = 0x900
SYSTEM_CALL = 0xC00
TURNS = Directive(DirectiveKind.TURNS, amount=20_000)
ENTRY_AND_EXIT = 200
"""At least this many instructions go into the entry, handling and exit of any exception."""


class Scripted(Policy):
    """The given directives, then round robin; what is waited for must come."""

    def __init__(self, cpu: Cpu, directives: Sequence[Directive]) -> None:
        self._cpu = cpu
        self._directives = deque([*directives, TURNS])
        self._awaited: int | None = None

    @property
    def name(self) -> str:
        """Not one of the shipped policies."""
        return "scripted by a test"

    def directives(self) -> Sequence[Directive]:
        """All up to the next that waits; from the last on the endless one."""
        pc = self._cpu.pc
        assert self._awaited in (None, pc), f"{self._awaited:#x} was not reached, but {pc:#x}"
        given = [self._directives.popleft()]
        while self._directives and given[-1].kind is not DirectiveKind.UNTIL:
            given.append(self._directives.popleft())
        self._awaited = given[-1].address if given[-1].kind is DirectiveKind.UNTIL else None
        return given


def until(address: int) -> Directive:
    """CPU 0 runs until it is about to execute the instruction there."""
    return Directive(DirectiveKind.UNTIL, address=address)


def run(instructions: int) -> Directive:
    """CPU 0 runs for exactly that many; none is no directive."""
    return Directive(DirectiveKind.RUN, amount=instructions)


def inject(vector: int) -> Directive:
    """CPU 0 takes the exception before its next instruction, a reset as soon as RI is on."""
    return Directive(DirectiveKind.INJECT, amount=vector)


def loop_bounds() -> tuple[int, int]:
    """First and last instruction of the loop of keep_registers.S."""
    symbols = symbols_of(extended_image())
    return symbols["keep_registers_loop"], symbols["keep_registers_loop_end"]


def run_rounds(what: str, rounds: int, directives: Sequence[Directive] = ()) -> int:
    """Runs ``rounds`` of something under a schedule, asserts that all went right; the instructions taken."""
    arguments = f"{what}={rounds}"
    with KernelMachine(extended_image(), cpus=1, arguments=arguments) as machine:
        machine.hardware.use_policy(Scripted(machine.hardware.cpus[0], directives))
        stop = machine.run(deadline_ns=SHORT_NS)
        assert stop.reason is StopReason.IDLE, f"{stop}\n{machine.console.text}"
        assert f"{what} right" in machine.lines
        return machine.hardware.cpus[0].instructions


def length_of(vector: int, what: str = "registers") -> int:
    """Instructions of the kernel's handling of an exception that interrupts the loop.

    Counted from the exception to the return: how many a whole run has differs by more than that between two
    runs, for what the clock does comes elsewhere in them.
    """
    begin, _ = loop_bounds()
    with KernelMachine(extended_image(), cpus=1, arguments=f"{what}=2") as machine:
        machine.run_to("keep_registers_loop")
        cpu = machine.hardware.cpus[0]
        before = cpu.instructions
        assert machine.hardware.engine.inject(0, vector)
        for place in (vector, begin):
            assert machine.run(deadline_ns=SHORT_NS, cpu=0, address=place).reached, machine.console.text
        return cpu.instructions - before


@pytest.mark.parametrize("vector", [DECREMENTER, SYSTEM_RESET])
def test_registers_survive_an_interrupt_at_every_instruction(vector: int) -> None:
    begin, end = loop_bounds()
    directives = [until(begin)]
    for address in range(begin, end + 4, 4):
        directives += [inject(vector), until(vector), until(address), run(1)]
    added = run_rounds("registers", 2, directives) - run_rounds("registers", 2)
    assert added > ENTRY_AND_EXIT * (end - begin) // 4


def test_registers_survive_time_slices() -> None:
    run_rounds("registers", 200_000)


def test_registers_survive_switches_of_threads() -> None:
    run_rounds("switches", 50)


def test_everything_is_restored_from_the_frame() -> None:
    with KernelMachine(extended_image(), cpus=1, arguments="registers=3") as machine:
        machine.run_to("keep_registers_loop")
        assert machine.hardware.engine.inject(0, DECREMENTER)
        machine.run_to("exception_return")
        registers = machine.hardware.cpus[0].registers
        for name in [f"r{number}" for number in range(32) if number != 1] + ["cr", "lr", "ctr", "xer"]:
            registers[name] = 0x5EED
        assert machine.run().reason is StopReason.IDLE, machine.console.text
        assert "registers right" in machine.lines


def test_the_loop_notices_a_changed_register() -> None:
    with KernelMachine(extended_image(), cpus=1, arguments="registers=3") as machine:
        machine.run_to("keep_registers_loop")
        machine.hardware.cpus[0].registers["r25"] ^= 1
        assert machine.run().reason is StopReason.IDLE
        assert "registers WRONG" in machine.lines


# A system reset comes with interrupts off too, so it can hit entry, exit and switch themselves. It waits only
# while they could not survive it.


@pytest.mark.parametrize("vector", [DECREMENTER, SYSTEM_RESET])
def test_a_reset_at_any_instruction_of_an_exception_changes_nothing(vector: int) -> None:
    begin, _ = loop_bounds()
    length = length_of(vector)
    directives = []
    for offset in range(1, length):
        directives += [until(begin), inject(vector), run(offset), inject(SYSTEM_RESET), run(1)]
    added = run_rounds("registers", length + 2, directives) - run_rounds("registers", length + 2)
    assert added > 2 * ENTRY_AND_EXIT * length


def test_a_reset_at_any_instruction_of_a_reset_survives_a_full_stack() -> None:
    """Both are handled on the emergency stack, the second below the first."""
    begin, _ = loop_bounds()
    length = length_of(SYSTEM_RESET, "deep")
    directives = []
    for offset in range(1, length):
        directives += [until(begin), inject(SYSTEM_RESET), run(offset), inject(SYSTEM_RESET), run(1)]
    added = run_rounds("deep", length + 2, directives) - run_rounds("deep", length + 2)
    assert added > 2 * ENTRY_AND_EXIT * length


def test_a_reset_at_any_instruction_of_a_system_call_changes_nothing() -> None:
    length = run_rounds("calls", 3) - run_rounds("calls", 2)
    directives = []
    for offset in range(1, length):
        directives += [until(SYSTEM_CALL), run(offset), inject(SYSTEM_RESET), run(1)]
    added = run_rounds("calls", length + 2, directives) - run_rounds("calls", length + 2)
    assert added > ENTRY_AND_EXIT * length


def test_a_reset_at_any_instruction_of_a_switch_changes_nothing() -> None:
    found = Symboliser(extended_image()).resolve("arch::switch_to")
    assert found is not None
    switch, length = found.entry, (run_rounds("switches", 3) - run_rounds("switches", 2)) // 2
    directives = []
    for offset in range(1, length):
        directives += [until(switch), run(offset), inject(SYSTEM_RESET), run(1)]
    added = run_rounds("switches", length + 2, directives) - run_rounds("switches", length + 2)
    assert added > ENTRY_AND_EXIT * length
