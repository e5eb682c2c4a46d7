"""Loops in the guest between two marks: a module that is built for the machine's kernel and loaded into it.

The first mark of a pair has for its identifier the address of the name of what follows, the second is 0; the
counts at both are exact.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from emulator.errors import GuestError
from emulator.scenario.session import Session
from emulator.system import Machine
from emulator.system_config import SystemConfig
from toolchain.kernel import KernelImage, build_kernel
from toolchain.module import build_update

SOURCES: Final = Path(__file__).parent / "guest" / "costs"
BATCH: Final = 32
"""Objects that are made before they are ended, between marks of their own (`factories.cpp`)."""
_END: Final = 0
_LIMIT_NS: Final = 600_000_000_000
_NAME_BYTES_MAX: Final = 64


@dataclass(frozen=True)
class Span:
    """What one CPU executed between two marks, the second of them included."""

    name: str
    instructions: int


class GuestLoops:
    """A machine that has the module."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    def run(self, command: str, times: int) -> list[Span]:
        """The spans of one command, in their order. Raises GuestError."""
        seen = len(self.machine.marks)
        self.machine.monitor.commands.run(command, str(times), limit_ns=_LIMIT_NS)
        marks = self.machine.marks[seen:]
        if len(marks) % 2 or any(mark.id != _END for mark in marks[1::2]):
            raise GuestError(f"{command}: the marks are no pairs")
        return [
            Span(self._name(begin.id), end.instructions - begin.instructions)
            for begin, end in zip(marks[::2], marks[1::2], strict=True)
        ]

    def per_pass(self, command: str, times: int) -> Mapping[str, int]:
        """Instructions of one pass of each of a command's loops.

        Each is run ``times`` passes and then twice as many: in the difference marks and the way into the loop
        cancel out. Raises GuestError when that is no multiple of ``times``: something came in between.
        """
        spans = self.run(command, times)
        found: dict[str, int] = {}
        for once, twice in zip(spans[::2], spans[1::2], strict=True):
            passes, rest = divmod(twice.instructions - once.instructions, times)
            if rest or once.name != twice.name:
                raise GuestError(f"{command}: passes of {once.name} differ")
            found[once.name] = passes
        return found

    def _name(self, address: int) -> str:
        data = self.machine.cpus[0].read(address, _NAME_BYTES_MAX)
        if data is None:
            raise GuestError(f"a mark at {address:#x} has no name")
        return data.partition(b"\0")[0].decode()


@contextmanager
def guest_loops(seed: int, kernel: KernelImage | None = None, cpus: int = 2) -> Iterator[GuestLoops]:
    """On a machine that has just started and does nothing else; None: the installed kernel."""
    image = kernel or build_kernel()
    (module,) = build_update(SOURCES, image)
    with Machine(SystemConfig(cpus, seed=seed, kernel=image.path)) as machine:
        machine.run_until_ready()
        Session(machine, kernel=image).fix_race()
        machine.monitor.apply(module.path)
        yield GuestLoops(machine)
