"""An interrupt between any two instructions leaves no trace in the interrupted code."""

import pytest

from emulator.machine import StopReason
from tests.guest.arch_kernels import extended_image
from tests.guest.arch_machine import KernelMachine

SYSTEM_RESET = 0x100
DECREMENTER = 0x900
ROUNDS = 3
KEPT = "registers kept"


def interrupt_here(machine: KernelMachine, vector: int) -> None:
    """The CPU takes the exception before its next instruction, and comes back to it."""
    cpu = machine.hardware.cpus[0]
    here, stack = cpu.pc, cpu.registers["r1"]
    assert machine.hardware.engine.inject(0, vector)
    assert machine.run(cpu=0, address=vector).reached
    assert cpu.registers["srr0"] == here
    assert machine.run(cpu=0, address=here).reached
    assert cpu.registers["r1"] == stack


def step(machine: KernelMachine) -> None:
    """One instruction of CPU 0."""
    assert machine.run(cpu=0, instructions=machine.hardware.cpus[0].instructions + 1).reached


@pytest.mark.parametrize("vector", [DECREMENTER, SYSTEM_RESET])
def test_registers_survive_an_interrupt_at_every_instruction(vector: int) -> None:
    with KernelMachine(extended_image(), cpus=1, arguments=f"rounds={ROUNDS}") as machine:
        machine.run_to("keep_registers_loop")
        begin, end = machine.symbols["keep_registers_loop"], machine.symbols["keep_registers_loop_end"]
        cpu = machine.hardware.cpus[0]
        interrupted = set()
        while begin <= cpu.pc <= end:
            interrupted.add(cpu.pc)
            interrupt_here(machine, vector)
            step(machine)
        assert interrupted == set(range(begin, end + 4, 4))
        assert machine.run().reason is StopReason.IDLE
        assert KEPT in machine.lines


def test_registers_survive_frequent_switches_of_threads() -> None:
    with KernelMachine(extended_image(), cpus=1, arguments="rounds=200000", quantum=1000) as machine:
        assert machine.run().reason is StopReason.IDLE
        assert KEPT in machine.lines


def test_the_loop_notices_a_changed_register() -> None:
    with KernelMachine(extended_image(), cpus=1, arguments=f"rounds={ROUNDS}") as machine:
        machine.run_to("keep_registers_loop")
        machine.hardware.cpus[0].registers["r25"] ^= 1
        assert machine.run().reason is StopReason.IDLE
        assert "registers changed" in machine.lines


def test_a_reset_at_every_instruction_of_an_interrupt_changes_nothing() -> None:
    """From the vector to the return: it waits while the entry or the exit could not survive it."""
    with KernelMachine(extended_image(), cpus=1, arguments=f"rounds={ROUNDS}") as machine:
        machine.run_to("keep_registers_loop")
        cpu = machine.hardware.cpus[0]
        here = cpu.pc
        length = interrupt_length(machine, here)
        for _ in range(length):
            pass
        assert machine.run().reason is StopReason.IDLE
        assert KEPT in machine.lines
