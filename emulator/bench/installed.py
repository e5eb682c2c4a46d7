"""The installed kernel and modules for it, looked after once in a process: each look costs half a second."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from emulator.scenario.session import Session
from emulator.scenario.shipped import RACE_UPDATE, find_update, modules_of
from emulator.system import Machine
from toolchain.kernel import KernelImage, build_kernel


@cache
def kernel() -> KernelImage:
    """Built where its sources have changed. Raises BuildError."""
    return build_kernel()


@cache
def modules(update: str) -> tuple[Path, ...]:
    """Of a shipped update by its name, or of a folder, in the order in which they are applied."""
    return tuple(modules_of(find_update(update, Path()), kernel()))


def session(machine: Machine, seed: int) -> Session:
    """On a machine that is ready, with the fix of the shipped race; ``seed`` is the workload's."""
    found = Session(machine, workload_seed=seed, kernel=kernel())
    for module in modules(RACE_UPDATE):
        machine.monitor.apply(module)
    return found
