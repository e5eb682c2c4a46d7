"""What figures of wall time depend on."""

from __future__ import annotations

import os
import platform
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from emulator.bench.qemu import PROGRAM, qemu_installed

_PROCESSORS: Final = Path("/proc/cpuinfo")


@dataclass(frozen=True)
class Host:
    """The machine that runs the emulator."""

    processor: str
    cpus: int
    """That this process may use."""
    system: str
    python: str
    qemu: str | None
    """Its version, None where it is not installed."""

    @classmethod
    def this(cls) -> Host:
        """The one that this runs on."""
        cpus = len(os.sched_getaffinity(0))
        return cls(_processor(), cpus, platform.system(), platform.python_version(), _qemu())


def _processor() -> str:
    lines = _PROCESSORS.read_text(errors="replace").splitlines() if _PROCESSORS.exists() else []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.machine())


def _qemu() -> str | None:
    if not qemu_installed():
        return None
    said = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=False)
    first = said.stdout.partition("\n")[0]
    return first.rpartition("version ")[2] or "unknown"
