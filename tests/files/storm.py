"""Starts the workload that writes files and says what must survive."""

from __future__ import annotations

from emulator import Machine
from emulator.machine import StopReason


def start_storm(machine: Machine, seed: int, clients: int = 4, workload: str = "file-storm") -> None:
    """Boots the machine and starts the storm."""
    assert machine.run_until_ready().reason is StopReason.READY
    machine.monitor.workload_start(workload, clients=clients, seed=seed)
