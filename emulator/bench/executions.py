"""How often each instruction of the guest's code was executed, exactly.

The engine counts while somebody watches. The run is the one that nobody watched, only slower for the host::

    with Executions(machine) as executions:
        session.do(...)
    executions.at(machine.symbols.entry("kernel::preempt_disable"))
"""

from __future__ import annotations

import ctypes
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from types import TracebackType
from typing import Any, Self

from emulator.cpu.binding import ProfileRangeStruct
from emulator.errors import UsageError
from emulator.modules.demangle import demangle
from emulator.modules.segments import SegmentKind
from emulator.monitor.code import INSTRUCTION_SIZE
from emulator.system import Machine


@dataclass(frozen=True)
class _Range:
    """Code in one piece, from ``start`` up to ``end``."""

    start: int
    end: int
    changes: Any = field(compare=False)
    """The engine's: by how much each instruction's count differs from that of the one before it."""

    @classmethod
    def of(cls, start: int, end: int) -> _Range:
        return cls(start, end, (ctypes.c_int64 * ((end - start) // INSTRUCTION_SIZE + 1))())

    @property
    def structure(self) -> ProfileRangeStruct:
        return ProfileRangeStruct(self.start, self.end, ctypes.addressof(self.changes))

    @cached_property
    def counts(self) -> list[int]:
        return list(accumulate(self.changes))


class Executions:
    """Of the kernel and of the modules that are loaded when the ``with`` begins; to be read after it."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._ranges: list[_Range] = []

    def __enter__(self) -> Self:
        functions = [each for each in self._machine.symbols.kernel.index.ranges if each.is_function]
        self._ranges = [
            _Range.of(
                min(each.start for each in functions), max(each.start + each.size for each in functions)
            )
        ]
        for placed in self._machine.symbols.modules:
            start = placed.bases[SegmentKind.TEXT]
            self._ranges.append(_Range.of(start, start + len(placed.images[SegmentKind.TEXT])))
        self._machine.hardware.engine.watch_profile([each.structure for each in self._ranges])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._machine.hardware.engine.unwatch_profile()

    def at(self, address: int) -> int:
        """Executions of one instruction. Raises UsageError for an address that was not watched."""
        for each in self._ranges:
            if each.start <= address < each.end:
                return each.counts[(address - each.start) // INSTRUCTION_SIZE]
        raise UsageError(f"nobody counted what is executed at {address:#x}")

    def by_function(self) -> Mapping[str, int]:
        """Instructions executed in each of the kernel's functions, by name; those of one name together."""
        found: Counter[str] = Counter()
        kernel = self._ranges[0]
        for item in self._machine.symbols.kernel.index.ranges:
            if item.is_function and item.start >= kernel.start:
                first = (item.start - kernel.start) // INSTRUCTION_SIZE
                found[demangle(item.name)] += sum(
                    kernel.counts[first : first + item.size // INSTRUCTION_SIZE]
                )
        return found

    @property
    def total(self) -> int:
        """Of all instructions that were watched."""
        return sum(sum(each.counts[:-1]) for each in self._ranges)
