"""A machine without a kernel: some CPUs that each run one loop under translation, and nothing else."""

from __future__ import annotations

import time
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from emulator.abi.devices import DevicePage
from emulator.abi.memory_map import DEVICE_PHYSICAL, PAGE_SIZE
from emulator.bench.loops import CALLS, METHOD_OFFSET, Loop, assemble
from emulator.bench.radix import EXECUTE, KERNEL, PRIVILEGED, READ, WRITE, PageTables
from emulator.devices.clock import Clock
from emulator.machine import Hardware, MachineConfig, RoundRobin, StopReason
from emulator.machine.config import MEMORY_MIN
from emulator.machine.policy import DEFAULT_QUANTUM

_TEXT: Final = 0x20000
_DATA: Final = 0x40000
_ENTRY: Final = 0x10000
_DONE: Final = 1000
"""Hypercall with which a loop says that it is through."""
_DEVICES: Final = 0x8000_0000
"""Of the first device page, from the base of the quadrant."""
PAGE_REGISTERS: Final = {DevicePage.INTERRUPTS: 28, DevicePage.CLOCK: 27}
"""The general registers that hold the addresses of device pages."""


@dataclass(frozen=True)
class LoopRun:
    """One run of a loop, on all CPUs together."""

    instructions: int
    seconds: float
    """Of processor time."""

    @property
    def per_second(self) -> float:
        """Instructions."""
        return self.instructions / self.seconds


class BareMachine:
    """Runs a loop once, ``iterations`` times on each CPU; close it, or leave its ``with``."""

    def __init__(self, loop: Loop, iterations: int, *, cpus: int = 1, quantum: int = DEFAULT_QUANTUM) -> None:
        self._hardware = Hardware(MachineConfig(cpus=cpus, memory=MEMORY_MIN, policy=RoundRobin(quantum)))
        self._finished: set[int] = set()
        self._hardware.on_hypercall = self._hypercall
        self._hardware.attach(Clock(self._hardware.engine.read_clock))
        self._prepare(loop, iterations)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hardware.close()

    @property
    def hardware(self) -> Hardware:
        """What runs the loop."""
        return self._hardware

    def run(self) -> LoopRun:
        """To the end of the loop on every CPU. That it is translated first, in some 0.1 ms, is part of it."""
        start = time.process_time()
        self._hardware.run()
        seconds = time.process_time() - start
        return LoopRun(sum(cpu.instructions for cpu in self._hardware.cpus), seconds)

    def _hypercall(self, cpu: int, number: int, _arguments: tuple[int, ...]) -> tuple[int, int]:
        if number == _DONE:
            self._finished.add(cpu)
        if len(self._finished) == len(self._hardware.cpus):
            self._hardware.stop(StopReason.HALTED)
        return 0, 0

    def _prepare(self, loop: Loop, iterations: int) -> None:
        """Text executable; devices, each CPU's data and its stack in a page of its own that is not."""
        hardware, tables = self._hardware, PageTables(self._hardware)
        tables.map(KERNEL + _TEXT, _TEXT, READ | EXECUTE | PRIVILEGED)
        for device in PAGE_REGISTERS:
            offset = device * PAGE_SIZE
            tables.map(KERNEL + _DEVICES + offset, DEVICE_PHYSICAL + offset, READ | WRITE | PRIVILEGED)
        idle = f"done: li 3, {_DONE}; .long 0x44000022; li 3, 2; .long 0x44000022; b done"
        hardware.memory.write(_TEXT, assemble(loop.source + idle, KERNEL + _TEXT))
        enter = tables.switch_on() + "mfmsr 5; ori 5, 5, 0x30; mtspr 27, 5; rfid"
        hardware.memory.write(_ENTRY, assemble(enter, _ENTRY))
        for cpu in hardware.cpus:
            page = _DATA + cpu.id * PAGE_SIZE
            tables.map(KERNEL + page, page, READ | WRITE | PRIVILEGED)
            hardware.memory.write_word(page, KERNEL + page + 0x100)
            if loop is CALLS:
                hardware.memory.write_word(page + 0x108, KERNEL + _TEXT + METHOD_OFFSET)
            cpu.start(_ENTRY, 0)
            addresses = {"srr0": _TEXT, "r1": page + 0x800, "r3": page}
            for device, register in PAGE_REGISTERS.items():
                addresses[f"r{register}"] = _DEVICES + device * PAGE_SIZE
            for name, address in addresses.items():
                cpu.registers[name] = KERNEL + address
            cpu.registers["r31"] = iterations
