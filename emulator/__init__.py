"""Evergreen: a deterministic PowerPC64 machine whose object kernel is updated while it runs.

from emulator import Machine, SystemConfig

with Machine(SystemConfig(cpus=2, seed=7)) as machine:
    machine.run_until_ready()
    print(machine.monitor.objects())
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emulator.checkpoint import Checkpoint
    from emulator.report import RunReport
    from emulator.system import Machine
    from emulator.system_config import SystemConfig

__all__ = ["Checkpoint", "Machine", "RunReport", "SystemConfig"]

_HOMES = {
    "Checkpoint": "emulator.checkpoint",
    "Machine": "emulator.system",
    "RunReport": "emulator.report",
    "SystemConfig": "emulator.system_config",
}


def __getattr__(name: str) -> object:
    """Imports on first use: the toolchain needs parts of this package before the engine is built."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found: object = getattr(import_module(_HOMES[name]), name)
    return found
