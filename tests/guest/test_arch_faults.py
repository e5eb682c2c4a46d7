"""Whatever kernel code does wrong ends as a panic that says what it was and where, never as a hang."""

from dataclasses import dataclass

import pytest

from emulator.abi.panic import PanicFrameKind, PanicState
from tests.guest.arch_kernels import extended_image
from tests.guest.arch_machine import KernelMachine


@dataclass(frozen=True)
class Expected:
    """What the panic of a fault says."""

    message: str
    vector: int
    dar: str | int | None = None
    """A symbol or an address."""


FAULTS = {
    "store_text": Expected("store to a read-only page", 0x300, "__text_start"),
    "store_text_alias": Expected("store to a read-only page", 0x300),
    "store_constant": Expected("store to a read-only page", 0x300),
    "store_null": Expected("store through a null pointer", 0x300, 8),
    "load_null": Expected("load through a null pointer", 0x300, 0x48),
    "call_null": Expected("call through a null pointer", 0x400),
    "call_data": Expected("execution of a no-execute page", 0x400),
    "call_constant": Expected("execution of a no-execute page", 0x400),
    "call_linear": Expected("execution of a no-execute page", 0x400),
    "call_vectors": Expected("execution at an unmapped address", 0x400),
    "call_stack": Expected("execution of a no-execute page", 0x400),
    "call_user": Expected("execution of a no-execute page", 0x400),
    "load_unmapped": Expected("load from an unmapped address", 0x300),
    "load_missing_device": Expected("machine check", 0x200, 0xC000_8000_0000_0FF8),
    "load_misaligned_device": Expected("machine check", 0x200, 0xC000_8000_0000_0004),
    "load_outside": Expected("load from an unmapped address", 0x300, 0xD123_4567_89AB_CDE8),
    "overflow": Expected("kernel stack overflow", 0x300),
    "large_frame": Expected("kernel stack overflow", 0x300),
    "overflow_with_interrupts_off": Expected("kernel stack overflow", 0x300),
    "overflow_under_interrupts": Expected("kernel stack overflow", 0x900),
    "wild_stack": Expected("bad kernel stack pointer", 0x300, 0x1244),
    "high_stack": Expected("bad kernel stack pointer", 0x300, 0xFFFF_FFFF_FFFF_F010),
    "misaligned_stack": Expected("trap instruction", 0x700),
    "illegal_instruction": Expected("illegal instruction", 0xE40),
    "trap_instruction": Expected("trap instruction", 0x700),
    "floating_point": Expected("floating point unavailable", 0x800),
    "corrupt_thread_register": Expected("load through a null pointer", 0x300, 0),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_panics_and_says_what(fault: str) -> None:
    expected = FAULTS[fault]
    with KernelMachine(extended_image(), arguments=f"fault={fault}") as machine:
        panic = machine.run_to_panic()
        cpu = panic["cpu"][panic["panicked_cpu"]]
        assert panic["message"] == expected.message
        assert cpu["vector"] == expected.vector
        if isinstance(expected.dar, str):
            assert cpu["dar"] == machine.symbols[expected.dar]
        elif expected.dar is not None:
            assert cpu["dar"] == expected.dar
        assert any(f"panic on CPU {panic['panicked_cpu']}" in line for line in machine.lines)


def test_the_other_cpu_is_stopped_and_shown() -> None:
    with KernelMachine(extended_image(), cpus=3, arguments="fault=store_text") as machine:
        panic = machine.run_to_panic()
        states = sorted(PanicState(cpu["state"]) for cpu in panic["cpu"][:4])
        assert states == [PanicState.ABSENT, PanicState.PANICKED, PanicState.STOPPED, PanicState.STOPPED]
        assert all(cpu["frame_count"] > 0 for cpu in panic["cpu"][:3])


UNWOUND = ("store_text", "load_null", "call_null", "call_data", "trap_instruction", "large_frame")


@pytest.mark.parametrize("fault", UNWOUND)
def test_the_backtrace_leads_through_the_faulting_function(fault: str) -> None:
    with KernelMachine(extended_image(), arguments=f"fault={fault}") as machine:
        panic = machine.run_to_panic()
        cpu = panic["cpu"][panic["panicked_cpu"]]
        frames = cpu["frame_address"][: cpu["frame_count"]]
        assert cpu["frame_kind"][0] == PanicFrameKind.INTERRUPTED
        assert frames[0] == cpu["nip"]
        assert any(is_inside(machine, "cause_fault", address) for address in frames)
        assert is_inside(machine, "thread_start", frames[-1])


def test_a_stack_overflow_shows_the_recursion() -> None:
    with KernelMachine(extended_image(), arguments="fault=overflow") as machine:
        panic = machine.run_to_panic()
        cpu = panic["cpu"][panic["panicked_cpu"]]
        addresses = cpu["frame_address"][2 : cpu["frame_count"]]
        assert len(addresses) > 20
        assert len(set(addresses)) == 1


def is_inside(machine: KernelMachine, function: str, address: int) -> bool:
    """Whether an address lies in a function: no other symbol is between."""
    start = machine.symbols[function]
    return start <= address and not any(start < other <= address for other in machine.symbols.values())
