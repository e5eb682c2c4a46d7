"""How fast the engine runs guest code, with two CPUs busy, beside one CPU of QEMU."""

import time
from dataclasses import dataclass
from typing import Final

from emulator.bench.loops import CALLS, LOOPS, METHOD_OFFSET, Loop, assemble
from emulator.bench.qemu import measure_qemu, qemu_installed
from emulator.bench.radix import EXECUTE, KERNEL, PRIVILEGED, READ, WRITE, PageTables
from emulator.machine import Hardware, MachineConfig, RoundRobin, StopReason
from emulator.machine.config import MEMORY_MIN
from emulator.machine.policy import DEFAULT_QUANTUM

_CPUS: Final = 2
_TEXT: Final = 0x20000
_DATA: Final = 0x40000
_ENTRY: Final = 0x10000
_PAGE: Final = 0x1000
_DONE: Final = 1000
"""Hypercall with which a loop says that it is through."""
_ITERATIONS: Final = 1 << 24
_WARM_UP_NS: Final = 1_000_000


@dataclass(frozen=True)
class LoopSpeed:
    """One loop's figures; instructions per second of wall time."""

    name: str
    instructions_per_second: float
    """Of both CPUs together."""
    qemu_per_second: float | None
    """Of one CPU of QEMU; None where it is not installed or does not run."""
    qemu_icount_per_second: float | None
    """The same with ``-icount shift=0``, which counts instructions as this machine does."""

    @property
    def ratio_to_qemu(self) -> float | None:
        """This machine's two CPUs over one CPU of QEMU."""
        return _ratio(self.instructions_per_second, self.qemu_per_second)

    @property
    def ratio_to_qemu_icount(self) -> float | None:
        """The same, QEMU counting instructions."""
        return _ratio(self.instructions_per_second, self.qemu_icount_per_second)


@dataclass(frozen=True)
class EngineSpeed:
    """All loops, measured in one run."""

    quantum: int
    loops: tuple[LoopSpeed, ...]

    @property
    def ratio_to_qemu_icount(self) -> float | None:
        """The headline: the lowest of the loops'."""
        ratios = [loop.ratio_to_qemu_icount for loop in self.loops]
        known = [ratio for ratio in ratios if ratio is not None]
        return min(known) if len(known) == len(ratios) else None


def measure_engine(quantum: int = DEFAULT_QUANTUM, iterations: int = _ITERATIONS) -> EngineSpeed:
    """Runs every loop here and on QEMU, one after the other: some seconds of wall time.

    ``iterations`` of each loop on each CPU, a multiple of 65,536.
    """
    return EngineSpeed(quantum, tuple(_measure_loop(loop, quantum, iterations) for loop in LOOPS))


def _measure_loop(loop: Loop, quantum: int, iterations: int) -> LoopSpeed:
    instructions, seconds = _run_here(loop, quantum, iterations)
    per_cpu = instructions / _CPUS
    plain, icount = (
        measure_qemu(loop, iterations, counting) if qemu_installed() else None for counting in (False, True)
    )
    return LoopSpeed(loop.name, instructions / seconds, _ratio(per_cpu, plain), _ratio(per_cpu, icount))


def _run_here(loop: Loop, quantum: int, iterations: int) -> tuple[int, float]:
    """Instructions of both CPUs, and seconds."""
    config = MachineConfig(cpus=_CPUS, memory=MEMORY_MIN, policy=RoundRobin(quantum))
    with Hardware(config) as hardware:
        finished: set[int] = set()

        def hypercall(cpu: int, _number: int, _arguments: tuple[int, ...]) -> tuple[int, int]:
            finished.add(cpu)
            if len(finished) == _CPUS:
                hardware.stop(StopReason.HALTED)
            return 0, 0

        hardware.on_hypercall = hypercall
        _prepare(hardware, loop, iterations)
        hardware.run_for(_WARM_UP_NS)
        before = sum(cpu.instructions for cpu in hardware.cpus)
        start = time.perf_counter()
        hardware.run()
        seconds = time.perf_counter() - start
        return sum(cpu.instructions for cpu in hardware.cpus) - before, seconds


def _prepare(hardware: Hardware, loop: Loop, iterations: int) -> None:
    """Translation on, text executable, each CPU's data and stack in a page of its own that is not."""
    tables = PageTables(hardware)
    tables.map(KERNEL + _TEXT, _TEXT, READ | EXECUTE | PRIVILEGED)
    idle = f"done: li 3, {_DONE}; .long 0x44000022; li 3, 2; .long 0x44000022; b done"
    hardware.memory.write(_TEXT, assemble(loop.source + idle, KERNEL + _TEXT))
    enter = tables.switch_on() + "mfmsr 5; ori 5, 5, 0x30; mtspr 27, 5; rfid"
    hardware.memory.write(_ENTRY, assemble(enter, _ENTRY))
    for cpu in hardware.cpus:
        page = _DATA + cpu.id * _PAGE
        tables.map(KERNEL + page, page, READ | WRITE | PRIVILEGED)
        hardware.memory.write_word(page, KERNEL + page + 0x100)
        if loop is CALLS:
            hardware.memory.write_word(page + 0x108, KERNEL + _TEXT + METHOD_OFFSET)
        cpu.start(_ENTRY, 0)
        for register, value in (("srr0", _TEXT), ("r1", page + 0x800), ("r3", page)):
            cpu.registers[register] = KERNEL + value
        cpu.registers["r31"] = iterations


def _ratio(a: float, b: float | None) -> float | None:
    return None if b is None else a / b
