"""Wall time of bringing an update's module into the guest, until its initialisation begins."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from emulator.abi.mailbox import EventKind
from emulator.bench.installed import kernel, session
from emulator.bench.transition import state_told
from emulator.errors import GuestError
from emulator.system import Machine
from emulator.system_config import SystemConfig

_LIMIT_NS: Final = 100_000_000


@dataclass(frozen=True)
class ModuleWall:
    """Milliseconds on this host, of the fastest of several times."""

    link_ms: float
    """Checked, resolved and laid out: the guest has not been touched."""
    copy_ms: float
    """The guest has given memory, the module is relocated and copied there, and its initialisation begins."""

    @property
    def total_ms(self) -> float:
        """Of both."""
        return self.link_ms + self.copy_ms


def measure_module(module: Path, times: int) -> ModuleWall:
    """Applied and taken back on a machine without load, so often. Raises GuestError."""
    with Machine(SystemConfig(cpus=2, kernel=kernel().path)) as machine:
        machine.run_until_ready()
        session(machine, 0)
        return min((_once(machine, module) for _ in range(times)), key=lambda wall: wall.total_ms)


def _once(machine: Machine, module: Path) -> ModuleWall:
    before = time.perf_counter()
    load = machine.monitor.start_apply(module)
    linked = time.perf_counter()
    machine.run_until_event(EventKind.UPDATE_STATE, _LIMIT_NS, lambda event: state_told(event) == "applying")
    begun = time.perf_counter()
    machine.monitor.run_until(lambda: machine.monitor.load_outcome(load) is not None, _LIMIT_NS)
    record = machine.monitor.load_outcome(load)
    if record is None or not record.active:
        raise GuestError(f"{module.stem} did not come into service")
    machine.monitor.revert(record.id)
    return ModuleWall((linked - before) * 1e3, (begun - linked) * 1e3)
