"""The image as it is linked, and the way from reset to a kernel on every CPU."""

import io

import pytest
from elftools.elf.constants import P_FLAGS
from elftools.elf.elffile import ELFFile
from elftools.elf.segments import Segment

from emulator.abi.boot import BootFlag
from emulator.abi.memory_map import (
    BOOT_INFO,
    DEVICE_BASE,
    KERNEL_BASE,
    KERNEL_LOAD,
    LINEAR_BASE,
    PAGE_SIZE,
    PERCPU_BASE,
    VECTORS_END,
)
from emulator.machine import CpuState, StopReason
from tests.guest.arch_kernels import shipped_image
from tests.guest.arch_machine import SHORT_NS, KernelMachine, run_guest_tests

VECTORS = (0x100, 0x200, 0x300, 0x380, 0x400, 0x480, 0x500, 0x600, 0x700, 0x800, 0x900, 0xC00, 0xD00)
SHORT_VECTORS = (0xE40, 0xF20, 0xF40)
"""Those with room for eight instructions only."""
MFSPRG_R1_0 = 0x7C30_42A6
"""The second instruction of every vector."""
NO_TESTS = "tests=none"
"""A prefix that no in-guest test has: the kernel boots and powers off."""
ARCH_TESTS = {
    "cross_cpu": ["local_pages", "new_code", "program_moves", "shoot_down"],
    "mmu": ["image_protections", "local_pages", "map_and_unmap", "no_writable_alias", "refuses"],
    "problem_state": [
        "copies",
        "copies_fault",
        "fault_restarts",
        "frames_come_back",
        "illegal_instruction",
        "kernel_is_out_of_reach",
        "page_protections",
        "privilege",
        "registers",
        "separation",
        "system_calls",
    ],
    "unwind": ["broken_chains", "here", "limit", "replaced_returns"],
}


def load_segments() -> list[Segment]:
    """The image's PT_LOAD segments."""
    return list(ELFFile(io.BytesIO(shipped_image())).iter_segments("PT_LOAD"))


def test_no_segment_is_writable_and_executable() -> None:
    flags = [segment["p_flags"] for segment in load_segments()]
    assert flags == [
        P_FLAGS.PF_R | P_FLAGS.PF_X,
        P_FLAGS.PF_R | P_FLAGS.PF_X,
        P_FLAGS.PF_R,
        P_FLAGS.PF_R | P_FLAGS.PF_W,
    ]


def test_segments_are_linked_above_their_physical_addresses() -> None:
    vectors, *image = load_segments()
    assert vectors["p_paddr"] == 0
    assert vectors["p_memsz"] <= VECTORS_END
    assert image[0]["p_paddr"] == KERNEL_LOAD
    for segment in load_segments():
        assert segment["p_vaddr"] == KERNEL_BASE + segment["p_paddr"]
        assert segment["p_paddr"] % PAGE_SIZE == 0


def test_every_vector_is_where_the_architecture_has_it() -> None:
    data = load_segments()[0].data()
    for vector in VECTORS + SHORT_VECTORS:
        assert int.from_bytes(data[vector + 4 : vector + 8], "big") == MFSPRG_R1_0, hex(vector)


def test_what_no_one_needs_at_run_time_is_not_loaded() -> None:
    names = {section.name for section in ELFFile(io.BytesIO(shipped_image())).iter_sections()}
    assert ".eh_frame" not in names
    assert ".comment" not in names


@pytest.mark.parametrize("cpus", [1, 2, 8])
def test_every_cpu_boots(cpus: int) -> None:
    with KernelMachine(shipped_image(), cpus=cpus, flags=BootFlag.RUN_TESTS, arguments=NO_TESTS) as machine:
        assert machine.run().reason is StopReason.HALTED, machine.console.text
        assert machine.lines[0] == f"evergreen: {cpus} CPUs, 64 MB"
        for cpu in machine.hardware.cpus:
            assert cpu.state is not CpuState.OFF
            assert cpu.registers["pc"] >= KERNEL_BASE + KERNEL_LOAD


@pytest.mark.parametrize("megabytes", [16, 1024])
def test_the_smallest_and_the_largest_memory_boot(megabytes: int) -> None:
    with KernelMachine(
        shipped_image(), memory=megabytes << 20, flags=BootFlag.RUN_TESTS, arguments=NO_TESTS
    ) as machine:
        assert machine.run().reason is StopReason.HALTED, machine.console.text
        assert machine.lines[0] == f"evergreen: 2 CPUs, {megabytes} MB"
        cpu = machine.hardware.cpus[0]
        last = (megabytes << 20) - PAGE_SIZE
        assert cpu.translate(LINEAR_BASE + last) == last
        assert cpu.translate(LINEAR_BASE + last + PAGE_SIZE) is None


def test_each_cpu_sees_its_own_page_and_the_rest_is_shared() -> None:
    with KernelMachine(shipped_image(), cpus=3, flags=BootFlag.RUN_TESTS, arguments=NO_TESTS) as machine:
        assert machine.run().reason is StopReason.HALTED
        cpus = machine.hardware.cpus
        assert len({cpu.translate(PERCPU_BASE) for cpu in cpus}) == len(cpus)
        for address in (KERNEL_BASE + KERNEL_LOAD, LINEAR_BASE + BOOT_INFO, DEVICE_BASE):
            assert len({cpu.translate(address) for cpu in cpus}) == 1
        for cpu in cpus:
            assert cpu.registers["sprg0"] == cpu.translate(PERCPU_BASE)
            assert cpu.translate(0) is None
            assert cpu.translate(KERNEL_BASE) is None
            assert cpu.registers["msr"] & 0x30 == 0x30


@pytest.mark.parametrize("group", ARCH_TESTS)
@pytest.mark.parametrize("cpus", [1, 2, 3])
def test_in_guest_tests_pass(group: str, cpus: int) -> None:
    names = ARCH_TESTS[group]
    lines = run_guest_tests(shipped_image(), f"{group}.", cpus, limit_ns=SHORT_NS)
    assert lines == [f"test {group}.{name} ok" for name in names] + [f"tests: {len(names)} run, 0 failed"]
