"""What a checkpoint takes: bytes, and the time to write it, to read it, and to be running again."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from emulator.abi.memory_map import PAGE_SIZE
from emulator.checkpoint import Checkpoint
from emulator.system import Machine


@dataclass(frozen=True)
class CheckpointCost:
    """Of one machine; the times are of the wall, in seconds, the best of several."""

    bytes: int
    """Of the file."""
    guest_bytes: int
    """Of the guest's pages that are not all zero, which it holds."""
    write: float
    """From the running machine to the file."""
    read: float
    """From the file to plain data."""
    running: float
    """From there to a machine that has executed its next instructions."""


def measure_checkpoint(machine: Machine, rounds: int) -> CheckpointCost:
    """Of the machine as it is now; it can go on afterwards."""
    used = len(machine.hardware.engine.used_pages()) * PAGE_SIZE
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "checkpoint"
        once = [_measure(machine, path) for _ in range(rounds)]
        return CheckpointCost(path.stat().st_size, used, *(_best(once, step) for step in range(3)))


def _measure(machine: Machine, path: Path) -> tuple[float, float, float]:
    start = time.perf_counter()
    machine.save().write(path)
    written = time.perf_counter()
    checkpoint = Checkpoint.read(path)
    read = time.perf_counter()
    with Machine.from_checkpoint(checkpoint, kernel=machine.kernel_path) as restored:
        restored.run_for(1)
        running = time.perf_counter()
    return written - start, read - written, running - read


def _best(rounds: Sequence[tuple[float, float, float]], step: int) -> float:
    return min(each[step] for each in rounds)
