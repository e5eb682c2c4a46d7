"""What is left of a machine's disk when its power is cut now, without doing it."""

from __future__ import annotations

from emulator import Machine
from emulator.devices.medium import Medium


def after_power_cut(machine: Machine, seed: int) -> Medium:
    """A copy of the disk that has lost some of its unflushed writes, as the seed decides."""
    medium = machine.devices.disk.medium
    copy = Medium(medium.blocks, machine.config.disk.path)
    copy.set_state_values(medium.state_values())
    copy.power_cut(seed, 0)
    return copy
