"""Small programs for the bare machine: assembled with keystone, with vectors that report to the test."""

from dataclasses import dataclass, field
from functools import cache

import keystone

from emulator.machine import Hardware, MachineConfig, Policy, RoundRobin, Stop, StopReason, Until

ENTRY = 0x10000
MIB = 1 << 20
SC_1 = ".long 0x44000022"
"""A hypercall, which keystone cannot spell."""
VECTORS = (
    *(0x100, 0x200, 0x300, 0x380, 0x400, 0x480, 0x500, 0x600, 0x700, 0x800),
    *(0x900, 0xC00, 0xD00, 0xE40, 0xF20, 0xF40),
)
DONE = 0x7000
"""Hypercall number by which a program ends."""
REPORT = 0x6000
"""Hypercall number by which a vector reports; r4 = its address."""


@cache
def assemble(source: str, address: int = ENTRY) -> bytes:
    """Machine code of a program that will lie at ``address``."""
    assembler = keystone.Ks(keystone.KS_ARCH_PPC, keystone.KS_MODE_PPC64 | keystone.KS_MODE_BIG_ENDIAN)
    code, _ = assembler.asm(source, address)
    assert code is not None
    return bytes(code)


def hypercall(number: int) -> str:
    """Assembly of one hypercall."""
    return f"li 3, {number}; {SC_1};"


@dataclass
class Bench:
    """A bare machine whose programs end with hypercall DONE and whose vectors report and end the run."""

    hardware: Hardware
    exceptions: list[tuple[int, int]] = field(default_factory=list)
    """(CPU, vector) in order."""
    calls: list[tuple[int, int, tuple[int, ...]]] = field(default_factory=list)
    """Other hypercalls: (CPU, number, r4..r9)."""

    def serve(self, cpu: int, number: int, arguments: tuple[int, ...]) -> tuple[int, int]:
        if number == DONE:
            self.hardware.stop(StopReason.HALTED)
        elif number == REPORT:
            self.exceptions.append((cpu, arguments[0]))
            self.hardware.stop(StopReason.PANIC)
        else:
            self.calls.append((cpu, number, arguments))
        return 0, 0

    def load(self, source: str, address: int = ENTRY) -> None:
        self.hardware.memory.write(address, assemble(source, address))
        self.hardware.engine.flush_code()

    def run(self, source: str, deadline_ns: int = 10_000_000) -> Stop:
        """Runs a program on CPU 0 up to its end or to the first exception."""
        self.load(source + hypercall(DONE) + "b .")
        self.hardware.cpus[0].start(ENTRY, 0)
        return self.hardware.run(Until(deadline_ns=deadline_ns))

    def __getitem__(self, register: str) -> int:
        return self.hardware.cpus[0].registers[register]

    def __setitem__(self, register: str, value: int) -> None:
        self.hardware.cpus[0].registers[register] = value


def open_bench(cpus: int = 1, policy: Policy | None = None, seed: int = 0) -> Bench:
    """A machine with reporting vectors; SRR0, SRR1, DAR and DSISR are as the exception left them."""
    config = MachineConfig(cpus=cpus, memory=16 * MIB, seed=seed, policy=policy or RoundRobin())
    bench = Bench(Hardware(config))
    bench.hardware.on_hypercall = bench.serve
    for vector in VECTORS:
        bench.load(f"li 4, {vector};" + hypercall(REPORT) + "b .", vector)
    return bench
