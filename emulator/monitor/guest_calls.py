"""Hypercalls that concern the host: stages of the guest's life, panic, marks, and the mailbox's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass

from emulator.abi.hypercalls import Hypercall, Stage
from emulator.abi.panic import PANIC_RECORD
from emulator.abi.status import Code
from emulator.abi.values import Value, blob, integer, items
from emulator.devices.mailbox import Mailbox
from emulator.machine import BusFault, Hardware, StopReason


@dataclass(frozen=True)
class StageMark:
    """A stage that the guest announced."""

    time_ns: int
    stage: Stage
    value: int


@dataclass(frozen=True)
class Mark:
    """A measurement point that the guest passed."""

    id: int
    cpu: int
    time_ns: int
    """Of that CPU."""
    instructions: int
    """Of that CPU, the hypercall included."""


class GuestCalls:
    """Serves the hypercalls that the engine does not, and keeps what they say. All of it is plain data."""

    def __init__(self, hardware: Hardware, mailbox: Mailbox) -> None:
        self._hardware = hardware
        self._mailbox = mailbox
        self.on_stage: Callable[[], None] | None = None
        """Told of every stage; an observer, no state."""
        self.stages: list[StageMark] = []
        self.marks: list[Mark] = []
        self.panic_record: bytes | None = None

    def serve(self, cpu: int, number: int, arguments: tuple[int, ...]) -> tuple[int, int]:
        """The handler of the hardware: status and value. What the guest gets wrong is its status."""
        match number:
            case Hypercall.NOTIFY:
                return self._notify(arguments[0], arguments[1]), 0
            case Hypercall.PANIC:
                return self._panic(arguments[0]), 0
            case Hypercall.MARK:
                on = self._hardware.cpus[cpu]
                self.marks.append(Mark(arguments[0], cpu, on.time, on.instructions))
                return Code.OK, 0
        return self._mailbox.serve(number, arguments)

    def _notify(self, stage: int, value: int) -> Code:
        try:
            known = Stage(stage)
        except ValueError:
            return Code.INVALID
        self.stages.append(StageMark(self._hardware.engine.now, known, value))
        if self.on_stage is not None:
            self.on_stage()
        return Code.OK

    def _panic(self, physical: int) -> Code:
        try:
            self.panic_record = self._hardware.memory.read(physical, PANIC_RECORD.size)
        except BusFault:
            self.panic_record = None
        self._hardware.stop(StopReason.PANIC)
        return Code.OK

    def get_state(self) -> list[Value]:
        """Everything, as values for a checkpoint."""
        return [
            [[mark.time_ns, int(mark.stage), mark.value] for mark in self.stages],
            [list(astuple(mark)) for mark in self.marks],
            [] if self.panic_record is None else [self.panic_record],
        ]

    def set_state(self, values: Sequence[Value]) -> None:
        """Takes back what get_state gave. Raises ValueError for anything else."""
        stages, marks, panic = map(items, values)
        self.stages = [
            StageMark(integer(time), Stage(integer(stage)), integer(value))
            for time, stage, value in map(items, stages)
        ]
        self.marks = [Mark(*(integer(number) for number in items(mark))) for mark in marks]
        self.panic_record = blob(panic[0]) if panic else None
