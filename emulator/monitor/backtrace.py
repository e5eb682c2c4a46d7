"""Frames of a stack with names and lines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from emulator.abi.panic import PanicFrameKind
from emulator.machine import Cpu
from emulator.monitor.symboliser import Location, Symboliser

_FRAMES_MAX: Final = 64
_LINK_OFFSET: Final = 16
"""Of the saved LR in the caller's frame (ELFv2 2.2.2.1)."""


@dataclass(frozen=True)
class Frame:
    """One address of a backtrace."""

    address: int
    kind: PanicFrameKind
    location: Location

    def __str__(self) -> str:
        doubt = " (if it had no frame yet)" if self.kind is PanicFrameKind.LINK else ""
        return f"{self.address:#018x} {self.location}{doubt}"


def frames(symbols: Symboliser, addresses: Iterable[tuple[int, int]]) -> list[Frame]:
    """From pairs of PanicFrameKind and address, innermost first."""
    return [
        Frame(address, PanicFrameKind(kind), locate_frame(symbols, kind, address))
        for kind, address in addresses
    ]


def locate_frame(symbols: Symboliser, kind: int, address: int) -> Location:
    """Of anything but the interrupted instruction, what counts is the call before the address."""
    return symbols.locate(address, is_return=kind != PanicFrameKind.INTERRUPTED)


def cpu_stack(cpu: Cpu, symbols: Symboliser) -> list[tuple[int, int]]:
    """Kind and address of each frame of what a CPU executes now; the guest is not asked.

    Along the back chain: of an exception on the way it shows handler and callers, not the interrupted
    instruction, and where an interposer tracks a call the return trampoline. The guest's own backtrace of a
    thread shows both.
    """
    found = [(int(PanicFrameKind.INTERRUPTED), cpu.pc)]
    callers = [(int(PanicFrameKind.RETURN), address) for address in _return_addresses(cpu)]
    link = cpu.registers["lr"]
    here, there = symbols.find(cpu.pc), symbols.find(link)
    if there is not None and there != here and all(address != link for _, address in callers[:1]):
        found.append((int(PanicFrameKind.LINK), link))
    return found + callers


def _return_addresses(cpu: Cpu) -> list[int]:
    stack, found = cpu.registers["r1"], list[int]()
    while len(found) < _FRAMES_MAX:
        above = _read_word(cpu, stack)
        if above is None or above <= stack or above % 16:
            break
        address = _read_word(cpu, above + _LINK_OFFSET)
        if not address:
            break
        found.append(address)
        stack = above
    return found


def _read_word(cpu: Cpu, address: int) -> int | None:
    data = cpu.read(address, 8) if address % 8 == 0 else None
    return None if data is None else int.from_bytes(data, "big")
