"""How fast the engine runs guest code, with two CPUs busy, beside one CPU of QEMU.

Both sides are measured in turn, several times, in processor time, and the best of each counts: what else the
host does meanwhile takes time from neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from emulator.bench.bare import BareMachine
from emulator.bench.loops import LOOPS, Loop
from emulator.bench.qemu import measure_qemu, qemu_installed
from emulator.machine.policy import DEFAULT_QUANTUM

_CPUS: Final = 2
_ITERATIONS: Final = 1 << 24
_ROUNDS: Final = 3


@dataclass(frozen=True)
class LoopSpeed:
    """One loop's figures; instructions per second of processor time."""

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


def measure_engine(
    quantum: int = DEFAULT_QUANTUM, iterations: int = _ITERATIONS, rounds: int = _ROUNDS
) -> EngineSpeed:
    """Runs every loop here and on QEMU, by turns: some seconds.

    ``iterations`` of each loop on each CPU, a multiple of 65,536; the best of ``rounds`` counts.
    """
    return EngineSpeed(quantum, tuple(measure_loop(loop, iterations, rounds, quantum) for loop in LOOPS))


def measure_loop(loop: Loop, iterations: int, rounds: int, quantum: int = DEFAULT_QUANTUM) -> LoopSpeed:
    """One loop, as ``measure_engine`` does it."""
    here, plain, icount = [], [], []
    for _ in range(rounds):
        with BareMachine(loop, iterations, cpus=_CPUS, quantum=quantum) as machine:
            run = machine.run()
        here.append(run.per_second)
        if qemu_installed():
            plain.append(_ratio(run.instructions / _CPUS, measure_qemu(loop, iterations, False)))
            icount.append(_ratio(run.instructions / _CPUS, measure_qemu(loop, iterations, True)))
    return LoopSpeed(loop.name, max(here), _best(plain), _best(icount))


def _best(speeds: Sequence[float | None]) -> float | None:
    return max((speed for speed in speeds if speed is not None), default=None)


def _ratio(a: float, b: float | None) -> float | None:
    return None if b is None else a / b
