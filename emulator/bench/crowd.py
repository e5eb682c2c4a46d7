"""Machines with any number of instances of one class, and the update of that class."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from emulator.abi.loader import ConversionMode
from emulator.bench.update_steps import StepWatch, UpdateSteps
from emulator.errors import GuestError
from emulator.machine.config import MIB
from emulator.scenario.session import Session
from emulator.scenario.shipped import find_update, modules_of
from emulator.system import Machine
from emulator.system_config import SystemConfig

CLASS: Final = "SharedCounter"
_UPDATE: Final = "checked_counter"
_MODULE: Final = Path(__file__).parent / "guest" / "crowd"
_AT_A_TIME: Final = 50_000
"""Made by one command, which the monitor waits for."""
_LIMIT_NS: Final = 60_000_000_000
_BYTES_OF_AN_INSTANCE: Final = 700
"""More than one takes with its representative, its entries and their place in the page tables."""
_KERNEL_BYTES: Final = 64 * MIB


def memory_for(instances: int) -> int:
    """Bytes of a machine in which so many can live."""
    return min(1024, (_KERNEL_BYTES + instances * _BYTES_OF_AN_INSTANCE) // MIB) * MIB


def boot_for_crowd(instances: int, cpus: int, seed: int) -> Machine:
    """With room for so many counters, and the fix of the shipped race in service. Close it."""
    machine = Machine(SystemConfig(cpus=cpus, seed=seed, memory=memory_for(instances)))
    try:
        machine.run_until_ready()
        Session(machine, workload_seed=seed).fix_race()
        (module,) = modules_of(_MODULE)
        machine.monitor.apply(module)
    except BaseException:
        machine.close()
        raise
    return machine


def make_crowd(machine: Machine, instances: int) -> None:
    """So many counters more, as many at home on each CPU, where each has been called.

    Raises GuestError when there is no room for them.
    """
    for made in range(0, instances, _AT_A_TIME):
        machine.monitor.commands.run("crowd", str(min(_AT_A_TIME, instances - made)))


def update_crowd(machine: Machine, mode: ConversionMode) -> UpdateSteps:
    """Brings the next version of the class. Raises GuestError when it does not come into service."""
    (module,) = modules_of(find_update(_UPDATE, Path()))
    with StepWatch(machine) as watch:
        record = machine.monitor.apply(module, mode=mode, limit_ns=_LIMIT_NS)
        if not record.active or record.failed:
            raise GuestError(f"{_UPDATE}: {record.state}, {record.failed} instances failed: {record.text}")
        return watch.steps()
