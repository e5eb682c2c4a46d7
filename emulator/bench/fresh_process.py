"""``python -m emulator.bench.fresh_process CPUS BYTES``: boots a machine and says what that took of the host.

It writes a line when the kernel is ready, then JSON. A process of its own: its memory is that of one machine.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import emulator
from emulator.abi.memory_map import PAGE_SIZE

_MODULE: Final = "emulator.bench.fresh_process"
_STATUS: Final = Path("/proc/self/status")
_KIB: Final = 1024


@dataclass(frozen=True)
class FreshBoot:
    """A machine booted in a process of its own."""

    seconds: float
    """Of wall time from the start of the process to a kernel that is ready."""
    processor_seconds: float
    """Of processor time until then, which a busy host leaves as it is."""
    resident: int | None
    """Bytes of the process then; None where the host does not tell."""
    resident_before: int | None
    """Bytes before the machine was made: Python and what was imported."""
    guest_bytes: int
    """Of the guest's pages that are not all zero."""
    instructions: int
    """Of all CPUs."""
    virtual_ns: int


def boot_in_fresh_process(cpus: int, memory: int) -> FreshBoot:
    """``memory`` in bytes. Raises CalledProcessError when it does not come up."""
    root = Path(emulator.__file__).parents[1]
    start = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", _MODULE, str(cpus), str(memory)],
        stdout=subprocess.PIPE,
        cwd=root,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()  # it is ready
        seconds = time.perf_counter() - start
        found = process.stdout.read()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    return FreshBoot(seconds=seconds, **json.loads(found))


def _resident() -> int | None:
    try:
        found = re.search(r"^VmRSS:\s*(\d+) kB", _STATUS.read_text(), re.MULTILINE)
    except OSError:
        return None
    return int(found[1]) * _KIB if found else None


def _boot(cpus: int, memory: int) -> dict[str, float | None]:
    from emulator import Machine, SystemConfig

    before = _resident()
    with Machine(SystemConfig(cpus=cpus, memory=memory)) as machine:
        machine.run_until_ready()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        processor = time.process_time()
        resident = _resident()
        used = len(machine.hardware.engine.used_pages()) * PAGE_SIZE
        executed = sum(cpu.instructions for cpu in machine.cpus)
        return {
            "processor_seconds": processor,
            "resident": resident,
            "resident_before": before,
            "guest_bytes": used,
            "instructions": executed,
            "virtual_ns": machine.virtual_ns,
        }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_boot(int(sys.argv[1]), int(sys.argv[2]))))
