"""How fast the engine runs guest code, with two CPUs busy, beside one CPU of QEMU.

A host that is busy with others, or changes its clock, does so for longer than a round takes: so both sides
are measured by turns in short rounds, in processor time. A speed is the best of its rounds, a ratio the
median of the rounds' ratios.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from emulator.bench.bare import BareMachine
from emulator.bench.loops import Loop
from emulator.bench.qemu import measure_qemu, qemu_installed

_CPUS: Final = 2


@dataclass(frozen=True)
class Round:
    """Each side once, one after the other; instructions per second of processor time."""

    here: float
    """Of both CPUs together."""
    qemu: float | None
    """Of one CPU of QEMU; None where it is not installed or does not run."""
    qemu_icount: float | None
    """The same with ``-icount shift=0``, which counts instructions as this machine does."""


@dataclass(frozen=True)
class LoopSpeed:
    """One loop's figures."""

    name: str
    rounds: tuple[Round, ...]
    """At least one."""

    @property
    def instructions_per_second(self) -> float:
        """The best of the rounds, both CPUs together."""
        return max(each.here for each in self.rounds)

    @property
    def qemu_per_second(self) -> float | None:
        """The best of one CPU of QEMU; None where it is not installed or does not run."""
        return _best(each.qemu for each in self.rounds)

    @property
    def qemu_icount_per_second(self) -> float | None:
        """The same, QEMU counting instructions."""
        return _best(each.qemu_icount for each in self.rounds)

    @property
    def ratio_to_qemu(self) -> float | None:
        """This machine's two CPUs over one CPU of QEMU, the median of the rounds."""
        return _median(_ratio(each.here, each.qemu) for each in self.rounds)

    @property
    def ratio_to_qemu_icount(self) -> float | None:
        """The same, QEMU counting instructions."""
        return _median(_ratio(each.here, each.qemu_icount) for each in self.rounds)


def measure_loop(loop: Loop, iterations: int, rounds: int) -> LoopSpeed:
    """Runs a loop here and on QEMU, by turns, ``rounds`` times.

    ``iterations`` on each CPU, a multiple of 65,536 below 2**31.
    """
    return LoopSpeed(loop.name, tuple(_round(loop, iterations) for _ in range(rounds)))


def _round(loop: Loop, iterations: int) -> Round:
    """What is compared with both is in the middle."""
    plain = measure_qemu(loop, iterations, False) if qemu_installed() else None
    with BareMachine(loop, iterations, cpus=_CPUS) as machine:
        run = machine.run()
    icount = measure_qemu(loop, iterations, True) if qemu_installed() else None
    instructions = run.instructions / _CPUS
    return Round(run.per_second, _ratio(instructions, plain), _ratio(instructions, icount))


def _known(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def _best(speeds: Iterable[float | None]) -> float | None:
    return max(_known(speeds), default=None)


def _median(ratios: Iterable[float | None]) -> float | None:
    known = _known(ratios)
    return statistics.median(known) if known else None


def _ratio(a: float, b: float | None) -> float | None:
    return None if b is None else a / b
