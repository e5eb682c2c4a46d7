"""A panic as people read it: registers and backtrace of every CPU, with names and source lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from emulator.abi.layout import Values
from emulator.abi.panic import PANIC_MAGIC, PANIC_RECORD, PanicFrameKind, PanicState
from emulator.monitor.backtrace import Frame, frames
from emulator.monitor.symboliser import Symboliser

_REGISTERS_PER_LINE: Final = 4
_SPECIAL: Final = (("nip", "msr", "lr", "ctr"), ("cr", "xer", "dar", "dsisr"))
_STATE_WORDS: Final = {
    PanicState.PANICKED: "panicked",
    PanicState.STOPPED: "was stopped",
    PanicState.RUNNING: "did not stop",
}


@dataclass(frozen=True)
class PanicCpu:
    """One CPU at the panic."""

    id: int
    state: PanicState
    thread: int
    thread_name: str
    vector: int
    """Of the exception whose registers these are; 0: registers unknown."""
    registers: dict[str, int]
    frames: list[Frame]


@dataclass(frozen=True)
class PanicReport:
    """What the guest recorded, with names put to its addresses."""

    message: str
    panicked_cpu: int
    time_ns: int
    cpus: list[PanicCpu]

    @classmethod
    def of(cls, record: bytes, symbols: Symboliser) -> PanicReport:
        """From a PanicRecord. Raises ValueError when it is none."""
        values = PANIC_RECORD.unpack(record)
        if values.number("magic") != PANIC_MAGIC:
            raise ValueError(f"magic {values.number('magic'):#x} of a panic record")
        cpus = values.records("cpu")[: values.number("cpu_count")]
        return cls(
            values.text("message"),
            values.number("panicked_cpu"),
            values.number("time_ns"),
            [_cpu(number, cpu, symbols) for number, cpu in enumerate(cpus)],
        )

    @property
    def modules(self) -> list[str]:
        """Names of the modules whose code the panicking CPU was in, innermost first, each once."""
        found = [
            frame.location.module
            for cpu in self.cpus
            if cpu.id == self.panicked_cpu
            for frame in cpu.frames
            if frame.location.module
        ]
        return list(dict.fromkeys(found))

    @property
    def text(self) -> str:
        """Many lines, the last one ended."""
        return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        in_modules = f" in module {', '.join(self.modules)}" if self.modules else ""
        yield f"panic on CPU {self.panicked_cpu} at {self.time_ns} ns{in_modules}: {self.message}"
        for cpu in sorted(self.cpus, key=lambda each: each.id != self.panicked_cpu):
            yield from _cpu_lines(cpu)


def _cpu(number: int, values: Values, symbols: Symboliser) -> PanicCpu:
    count = values.number("frame_count")
    addresses = zip(values.numbers("frame_kind"), values.numbers("frame_address"), strict=True)
    kinds = {kind.value for kind in PanicFrameKind}
    known = [(kind, address) for kind, address in list(addresses)[:count] if kind in kinds]
    registers = {f"r{index}": value for index, value in enumerate(values.numbers("gpr"))}
    registers |= {name: values.number(name) for row in _SPECIAL for name in row}
    return PanicCpu(
        number,
        PanicState(values.number("state")),
        values.number("thread_id"),
        values.text("thread_name"),
        values.number("vector"),
        registers,
        frames(symbols, known),
    )


def _cpu_lines(cpu: PanicCpu) -> Iterator[str]:
    if cpu.state is PanicState.ABSENT:
        return
    thread = f' in thread {cpu.thread} "{cpu.thread_name}"' if cpu.thread else ""
    vector = f", exception {cpu.vector:#x}" if cpu.vector else ""
    yield f"CPU {cpu.id} {_STATE_WORDS[cpu.state]}{thread}{vector}"
    if cpu.vector:
        yield from _register_lines(cpu.registers)
    for depth, frame in enumerate(cpu.frames):
        yield f"  #{depth:<2} {frame}"


def _register_lines(registers: dict[str, int]) -> Iterator[str]:
    general = [f"r{index}" for index in range(32)]
    rows = [list(row) for row in _SPECIAL]
    rows += [general[at : at + _REGISTERS_PER_LINE] for at in range(0, len(general), _REGISTERS_PER_LINE)]
    for row in rows:
        yield "  " + "  ".join(f"{name:>5} {registers[name]:016x}" for name in row)
