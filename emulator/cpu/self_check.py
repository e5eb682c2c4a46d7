"""Does the engine behave as the machine needs? Asked once in every process, before the first machine.

The library's names promise little of what the machine rests on, and a newer one may behave differently; a
machine on such an engine would be wrong in ways that nobody sees. One small program shows the most of it:
hypervisor state, radix translation in the upper quadrant, pacing exact to the instruction inside a block, a
precise data storage exception at its vector, XER both ways, blocks that count by themselves.
"""

import struct
from collections.abc import Callable
from functools import cache
from typing import Final

from emulator.cpu.binding import NEVER, DirectiveStruct, EngineStop
from emulator.cpu.engine import Engine, Limits
from emulator.cpu.registers import Registers
from emulator.errors import EngineError

_MEMORY: Final = 0x100000
_ENTRY: Final = 0x1000
_TEXT: Final = 0x2000
_PARTITION_TABLE, _PROCESS_TABLE, _ROOT, _LEVELS = 0x10000, 0x20000, 0x30000, (0x40000, 0x41000, 0x42000)
_KERNEL: Final = 0xC000_0000_0000_0000
_TREE: Final = 2 << 61 | 5 << 5  # 52 bits
_VALID, _LEAF, _READ_EXECUTE_PRIVILEGED = 1 << 63, 1 << 62, 0x18D
_HV: Final = 1 << 60
_XER: Final = 0xE00C0000
_LPCR_RADIX: Final = 1 << 20
_DSI: Final = 0x300
_DO_RUN: Final = 3

_TURNS: Final = 5001
"""Instructions of a loop of two: most of its blocks run without being asked for."""

_ENTER: Final = (
    0x7CB003A6 | 14 << 11,  # mtspr 464, 5 (PTCR)
    0x7CDE4BA6,  # mtspr 318, 6 (LPCR)
    0x4C000024,  # rfid
)
_PROGRAM: Final = (
    0x7D2102A6,  # mfxer 9
    *(0x38E70001,) * 5,  # addi 7, 7, 1
    0xF8E80000,  # std 7, 0(8): nothing is mapped there
    *(0x38E70001,) * 4,
)
_HANDLER: Final = (0x394A0001, 0x4BFFFFFC)  # addi 10, 10, 1; b .-4


class _Nothing:
    """A machine without hypercalls, devices and events."""

    def hypercall(self, cpu: int, number: int, arguments: tuple[int, ...]) -> tuple[int, int]:
        raise EngineError(f"CPU {cpu}: hypercall {number} {arguments} in a program that makes none")

    def device_read(self, cpu: int, offset: int, size: int) -> int | None:
        del cpu, offset, size
        return None

    def device_write(self, cpu: int, offset: int, size: int, value: int) -> bool:
        del cpu, offset, size, value
        return False

    def events(self, now: int) -> None:
        del now


@cache
def check_engine() -> None:
    """Raises EngineError, one line that names what is wrong."""
    engine = Engine(1, _MEMORY, _Nothing())
    try:
        _check(engine)
    finally:
        engine.close()


def _check(engine: Engine) -> None:
    registers = Registers(engine, 0)
    _demand(lambda: registers["msr"] & _HV != 0, "hypervisor state does not hold")
    _load(engine)
    registers["xer"] = _XER
    engine.start_cpu(0, _ENTRY, 0)
    for name, value in (
        ("r5", _PARTITION_TABLE),
        ("r6", _LPCR_RADIX),
        ("r7", 0),
        ("r10", 0),
        ("r8", _KERNEL + 0x5000),
    ):
        registers[name] = value
    registers["srr0"], registers["srr1"] = _KERNEL + _TEXT, registers["msr"] | 0x30
    _run_exactly(engine, 5)
    _demand(
        lambda: registers["pc"] == _KERNEL + _TEXT + 8, "a stop inside a block is not exact under translation"
    )
    _demand(lambda: registers["r7"] == 1, "a stop inside a block runs the wrong instructions")
    _demand(lambda: registers["r9"] == registers["xer"] == _XER, "XER is not what was written")
    _run_exactly(engine, 4)
    _demand(lambda: registers["pc"] == _KERNEL + _TEXT + 24, "pacing is not exact")
    _run_exactly(engine, 1)
    _demand(lambda: registers["pc"] == _DSI + 4, "a data storage exception does not reach its vector")
    _demand(
        lambda: registers["srr0"] == _KERNEL + _TEXT + 24 and registers["r7"] == 5,
        "exceptions are not precise",
    )
    _demand(
        lambda: registers["dar"] == _KERNEL + 0x5000 and registers["dsisr"] == 0x42000000,
        "DAR or DSISR is wrong",
    )
    _demand(lambda: engine.cpu_control(0).instructions == 10, "instructions are not counted right")
    _run_exactly(engine, _TURNS)
    _demand(lambda: registers["pc"] == _DSI, "a block that runs again and again is not counted right")
    _demand(lambda: registers["r10"] == 1 + _TURNS // 2, "a block is left out when it runs again")


def _load(engine: Engine) -> None:
    for address, words in ((_ENTRY, _ENTER), (_TEXT, _PROGRAM), (_DSI, _HANDLER)):
        engine.ram[address : address + 4 * len(words)] = struct.pack(f">{len(words)}I", *words)
    first, second, last = _LEVELS
    for address, value in (
        (_PARTITION_TABLE, 1 << 63),
        (_PARTITION_TABLE + 8, _PROCESS_TABLE),
        (_PROCESS_TABLE, _TREE | _ROOT | 13),
        (_ROOT, _VALID | first | 9),
        (first, _VALID | second | 9),
        (second, _VALID | last | 9),
        (last + 8 * (_TEXT >> 12), _VALID | _LEAF | _TEXT | _READ_EXECUTE_PRIVILEGED),
    ):
        engine.ram[address : address + 8] = value.to_bytes(8, "big")


def _run_exactly(engine: Engine, instructions: int) -> None:
    engine.set_directives([DirectiveStruct(_DO_RUN, 0, instructions, 0, 0)])
    stop = engine.run(Limits(deadline_ns=NEVER))
    _demand(lambda: stop is EngineStop.DIRECTIVES, f"it stops unasked ({stop.name.lower()}: {engine.error})")


def _demand(holds: Callable[[], bool], otherwise: str) -> None:
    if not holds():
        raise EngineError(f"the CPU engine (Python package unicorn) cannot be used: {otherwise}")
