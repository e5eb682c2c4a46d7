"""What it costs to leave the guest: hypercalls and device registers, served by the engine or by Python.

Each cost is the difference of two loops that are equal but for it: in processor time, the least of several
rounds, and in instructions, which are exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from emulator.abi.clock import ClockRegister
from emulator.abi.devices import DevicePage
from emulator.abi.hypercalls import Hypercall
from emulator.abi.interrupts import InterruptRegister
from emulator.bench.bare import PAGE_REGISTERS, BareMachine, LoopRun
from emulator.bench.loops import Loop
from emulator.bench.qemu import measure_qemu, qemu_installed

_NS: Final = 1e9
_IN_A_ROW: Final = 4
"""So many in each pass of the loop, whose own instructions matter the less."""
_FOR_PYTHON: Final = 999
"""A hypercall of no meaning, which therefore goes to Python."""


@dataclass(frozen=True)
class Crossing:
    """One way out of the guest."""

    name: str
    what: str
    code: str
    """Assembly of one."""
    on_qemu: bool = False
    """QEMU has something like it: a hypercall that it refuses at once."""


@dataclass(frozen=True)
class CrossingCost:
    """What one takes."""

    crossing: Crossing
    ns: float
    """Of processor time."""
    instructions: float
    """Of the guest."""
    qemu_ns: float | None
    """None where QEMU has nothing like it, or is not there."""


def _hypercall(number: int) -> str:
    return f"li 3, {number}; .long 0x44000022"


def _load(page: DevicePage, offset: int) -> str:
    return f"ld 5, {offset}({PAGE_REGISTERS[page]})"


CROSSINGS: Final = (
    Crossing("hypercall", "hypercall, served by the engine", _hypercall(Hypercall.CLOCK_READ), on_qemu=True),
    Crossing("host_hypercall", "hypercall, served by Python", _hypercall(_FOR_PYTHON)),
    Crossing(
        "mmio_load",
        "load of a device register, served by the engine",
        _load(DevicePage.INTERRUPTS, InterruptRegister.PENDING),
    ),
    Crossing(
        "host_mmio_load",
        "load of a device register, served by Python",
        _load(DevicePage.CLOCK, ClockRegister.NOW),
    ),
)


def measure_crossing(crossing: Crossing, passes: int, rounds: int) -> CrossingCost:
    """``passes`` of the loop are a multiple of 65,536."""
    without, with_it = _loop("empty", ""), _loop(crossing.name, crossing.code)
    pairs = [(_run(without, passes), _run(with_it, passes)) for _ in range(rounds)]
    count = passes * _IN_A_ROW
    seconds = min(run.seconds for _, run in pairs) - min(run.seconds for run, _ in pairs)
    executed = pairs[0][1].instructions - pairs[0][0].instructions
    qemu = _on_qemu(without, with_it, passes, rounds) if crossing.on_qemu and qemu_installed() else None
    return CrossingCost(
        crossing, seconds / count * _NS, executed / count, None if qemu is None else qemu / count * _NS
    )


def _run(loop: Loop, passes: int) -> LoopRun:
    with BareMachine(loop, passes) as machine:
        return machine.run()


def _on_qemu(without: Loop, with_it: Loop, passes: int, rounds: int) -> float | None:
    """Seconds more for the one than for the other."""
    least = [[measure_qemu(loop, passes, icount=True) for loop in (without, with_it)] for _ in range(rounds)]
    known = [(a, b) for a, b in least if a is not None and b is not None]
    return min(b for _, b in known) - min(a for a, _ in known) if known else None


def _loop(name: str, code: str) -> Loop:
    body = "; ".join([code] * _IN_A_ROW) + ";" if code else ""
    return Loop(name, f"loop: {body} addi 31, 31, -1; cmpdi 31, 0; bne loop; b done;")
