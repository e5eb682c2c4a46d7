"""A program that keeps every part of the machine busy: timers, messages, memory, a device, sleeping CPUs."""

from emulator.abi.clock import ClockRegister
from emulator.abi.devices import DevicePage
from emulator.abi.hypercalls import Hypercall
from emulator.abi.interrupts import InterruptRegister
from emulator.abi.memory_map import DEVICE_PHYSICAL, PAGE_SIZE
from emulator.devices.clock import Clock
from emulator.machine import Hardware, MachineConfig, Policy
from tests.machine.program import ENTRY, MIB, SC_1, assemble

SHARED = 0x30000
_CONTROLLER = DEVICE_PHYSICAL + DevicePage.INTERRUPTS * PAGE_SIZE
_CLOCK = DEVICE_PHYSICAL + DevicePage.CLOCK * PAGE_SIZE


def _page(register: int, address: int) -> str:
    high, low = (address >> 16) - 0x10000, address & 0xFFFF
    return f"lis {register}, {high}; ori {register}, {register}, {low}; rldicl {register}, {register}, 0, 32;"


# r20 counts timer interrupts, r21 messages, r31 is this CPU's number; handlers use r22..r25, save r3 and r4.
_TIMER = (
    "mr 24, 3; mr 25, 4; addi 20, 20, 1;"
    f"li 3, {Hypercall.CLOCK_READ}; {SC_1}; addi 4, 4, 3001;"
    f"li 3, {Hypercall.TIMER_SET}; {SC_1}; mr 3, 24; mr 4, 25; rfid"
)
_EXTERNAL = (
    f"addi 21, 21, 1; {_page(22, _CONTROLLER)}"
    f"ld 23, {InterruptRegister.CLAIM}(22); std 23, {InterruptRegister.END}(22); rfid"
)
# Adds to a shared word with and without a reservation, reads the clock; sends a message and sleeps at times.
_MAIN = f"""
    mr 31, 3; addi 5, 3, 7; mtspr 275, 5; lis 30, {SHARED >> 16}; li 20, 0; li 21, 0; li 19, 0;
    {_page(29, _CONTROLLER)} {_page(28, _CLOCK)}
    lis 5, -1; rldicl 5, 5, 0, 32; std 5, {InterruptRegister.ENABLE}(29);
    li 3, {Hypercall.TIMER_SET}; li 4, 2000; {SC_1};
    mfmsr 5; ori 5, 5, 0x8002; mtmsrd 5;
loop:
    addi 19, 19, 1;
retry:
    ldarx 6, 0, 30; addi 6, 6, 1; stdcx. 6, 0, 30; bne retry;
    ld 7, 8(30); addi 7, 7, 1; xor 8, 7, 6; std 7, 8(30);
    ld 9, {ClockRegister.NOW}(28); add 10, 9, 8; stdx 10, 30, 31;
    andi. 11, 19, 63; bne busy;
    xori 12, 31, 1; sldi 12, 12, 8; ori 12, 12, 3; std 12, {InterruptRegister.SEND}(29);
    andi. 11, 19, 255; bne busy;
    li 3, {Hypercall.IDLE}; {SC_1};
busy:
    li 14, 30; mtctr 14;
short:
    mulli 15, 15, 3; add 15, 15, 9; xor 15, 15, 19; bdnz short;
    b loop
"""


def open_busy(policy: Policy, seed: int = 1, cpus: int = 2) -> Hardware:
    """The machine with the program running on two CPUs; a third and further stay off."""
    hardware = Hardware(MachineConfig(cpus=cpus, memory=16 * MIB, seed=seed, policy=policy))
    hardware.attach(Clock(hardware.engine.read_clock))
    hardware.memory.write(0x900, assemble(_TIMER, 0x900))
    hardware.memory.write(0x500, assemble(_EXTERNAL, 0x500))
    hardware.memory.write(ENTRY, assemble(_MAIN, ENTRY))
    for cpu in hardware.cpus[:2]:
        cpu.start(ENTRY, 0)
    return hardware
