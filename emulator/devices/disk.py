"""The disk: a queue of tagged commands served one after another in virtual time, with DMA."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from emulator.abi.devices import DevicePage, Line
from emulator.abi.disk import (
    DISK_BLOCK_SIZE,
    DISK_BLOCKS_MAX,
    DISK_COMMAND_RECORD,
    DISK_COMPLETION_VALID,
    DISK_STATUS_SHIFT,
    DISK_TAGS,
    DiskControl,
    DiskFlag,
    DiskOperation,
    DiskRegister,
)
from emulator.abi.status import Code
from emulator.abi.values import Value, integer, items
from emulator.devices.medium import Medium
from emulator.devices.registers import RegisterDevice
from emulator.errors import UsageError
from emulator.machine.device import BusFault, Event

_EVERY_BLOCK: Final = (1 << 64) - 1


@dataclass(frozen=True)
class DiskConfig:
    """``blocks`` of DISK_BLOCK_SIZE bytes (0: as many as the file has), times in virtual ns."""

    blocks: int = 4096
    path: Path | None = None
    read_only: bool = False
    latency_ns: int = 100_000
    """From the start of a command to its completion, without the time for its blocks."""
    block_ns: int = 2_000
    seed: int = 0
    """Of the stream that decides what a power cut loses."""


@dataclass(frozen=True)
class DiskFault:
    """Commands that fail with IO_ERROR instead of doing anything."""

    operation: DiskOperation | None = None
    """None: any."""
    first_block: int = 0
    last_block: int = _EVERY_BLOCK
    """A command is hit when it touches first..last; a FLUSH, which names no block, always is."""
    after: int = 0
    """Commands it would hit that still succeed: n - 1 makes the n-th fail."""
    times: int = 1
    """How many fail; 0: all from then on."""

    def matches(self, command: "_Command") -> bool:
        """Whether this fault speaks of that command, however often it still lets one pass."""
        if self.operation is not None and command.operation != self.operation:
            return False
        if command.operation == DiskOperation.FLUSH:
            return True
        return command.block <= self.last_block and self.first_block < command.block + command.count


@dataclass(frozen=True)
class PowerCut:
    """What a power cut did: commands that never complete, cached writes kept and lost."""

    dropped_commands: int
    kept_writes: int
    lost_writes: int


@dataclass(frozen=True)
class _Command:
    operation: int
    tag: int
    block: int
    count: int
    buffer: int


class Disk(RegisterDevice):
    """Register page: :class:`emulator.abi.disk.DiskRegister`. Data moves at a command's completion."""

    def __init__(self, config: DiskConfig | None = None) -> None:
        """Raises UsageError for an image that cannot be used or times below zero."""
        super().__init__(
            DevicePage.DISK,
            {
                DiskRegister.CAPACITY: lambda _cpu: self.medium.blocks,
                DiskRegister.FLAGS: lambda _cpu: int(DiskFlag.READ_ONLY) if self._config.read_only else 0,
                DiskRegister.COMPLETION: self._take_completion,
                DiskRegister.CONTROL: lambda _cpu: self._control,
            },
            {DiskRegister.SUBMIT: self._submit, DiskRegister.CONTROL: self._set_control},
        )
        self._config = config or DiskConfig()
        if self._config.latency_ns < 0 or self._config.block_ns < 0:
            raise UsageError("disk: latency_ns and block_ns are at least 0")
        self.medium = Medium(self._config.blocks, self._config.path)
        self._latency_ns = self._config.latency_ns
        self._control = 0
        self._busy_until = 0
        self._in_flight: dict[int, tuple[int, _Command]] = {}
        self._completions: list[int] = []
        self._faults: list[DiskFault] = []
        self._power_cuts = 0

    @property
    def latency_ns(self) -> int:
        """Virtual ns of every command submitted from now on, without the time for its blocks."""
        return self._latency_ns

    @latency_ns.setter
    def latency_ns(self, latency_ns: int) -> None:
        if latency_ns < 0:
            raise UsageError(f"disk: latency_ns is at least 0, not {latency_ns}")
        self._latency_ns = latency_ns

    def inject(self, fault: DiskFault) -> None:
        """Makes commands that complete from now on fail. Faults that were injected earlier come first."""
        self._faults.append(fault)

    def power_cut(self) -> PowerCut:
        """The supply fails: commands in flight are lost, and of the cached writes what the seed says."""
        for sequence, _ in self._in_flight.values():
            self.platform.cancel(sequence)
        dropped = len(self._in_flight)
        self._in_flight.clear()
        self._completions.clear()
        self._control = 0
        self._busy_until = 0
        kept, lost = self.medium.power_cut(self._config.seed, self._power_cuts)
        self._power_cuts += 1
        self._update_line()
        return PowerCut(dropped, kept, lost)

    def _submit(self, _cpu: int, physical: int) -> None:
        record = DISK_COMMAND_RECORD.unpack(self.platform.read_memory(physical, DISK_COMMAND_RECORD.size))
        command = _Command(
            *(record.number(name) for name in ("operation", "tag", "block", "count", "buffer"))
        )
        if command.tag >= DISK_TAGS or command.tag in self._in_flight:
            raise BusFault(f"disk: tag {command.tag} is out of range or in flight")
        now = self.platform.now()
        blocks = min(command.count, DISK_BLOCKS_MAX)
        self._busy_until = max(now, self._busy_until) + self._latency_ns + blocks * self._config.block_ns
        sequence = self.platform.schedule(self, self._busy_until - now, 0, command.tag)
        self._in_flight[command.tag] = (sequence, command)

    def event(self, event: Event) -> None:
        """The command of a tag is done."""
        (tag,) = event.values
        _, command = self._in_flight.pop(tag)
        code = self._execute(command)
        self._completions.append(DISK_COMPLETION_VALID | -code << DISK_STATUS_SHIFT | tag)
        self._update_line()

    def _execute(self, command: _Command) -> Code:
        code = self._check(command)
        if code != Code.OK:
            return code
        if self._fails(command):
            return Code.IO_ERROR
        try:
            self._actions[DiskOperation(command.operation)](self, command)
        except BusFault:
            return Code.INVALID
        except OSError:
            return Code.IO_ERROR
        return Code.OK

    def _check(self, command: _Command) -> Code:
        if command.operation == DiskOperation.FLUSH:
            return Code.OK if command.count == 0 else Code.INVALID
        if command.operation not in (DiskOperation.READ, DiskOperation.WRITE):
            return Code.UNSUPPORTED
        if command.operation == DiskOperation.WRITE and self._config.read_only:
            return Code.REFUSED
        in_range = (
            1 <= command.count <= DISK_BLOCKS_MAX and command.block + command.count <= self.medium.blocks
        )
        return Code.OK if in_range else Code.INVALID

    def _fails(self, command: _Command) -> bool:
        """Whether an injected fault hits; counts it."""
        for index, fault in enumerate(self._faults):
            if not fault.matches(command):
                continue
            if fault.after:
                self._faults[index] = replace(fault, after=fault.after - 1)
                continue
            if fault.times == 1:
                del self._faults[index]
            elif fault.times:
                self._faults[index] = replace(fault, times=fault.times - 1)
            return True
        return False

    def _read_blocks(self, command: _Command) -> None:
        data = b"".join(self.medium.read(command.block + index) for index in range(command.count))
        self.platform.write_memory(command.buffer, data)

    def _write_blocks(self, command: _Command) -> None:
        data = self.platform.read_memory(command.buffer, command.count * DISK_BLOCK_SIZE)
        for index in range(command.count):
            at = index * DISK_BLOCK_SIZE
            self.medium.write(command.block + index, data[at : at + DISK_BLOCK_SIZE])

    def _flush(self, _command: _Command) -> None:
        self.medium.flush()

    _actions: Final[dict[DiskOperation, Callable[["Disk", _Command], None]]] = {
        DiskOperation.READ: _read_blocks,
        DiskOperation.WRITE: _write_blocks,
        DiskOperation.FLUSH: _flush,
    }

    def _take_completion(self, _cpu: int) -> int:
        if not self._completions:
            return 0
        completion = self._completions.pop(0)
        self._update_line()
        return completion

    def _set_control(self, _cpu: int, value: int) -> None:
        self._control = value & DiskControl.COMPLETION_INTERRUPT
        self._update_line()

    def _update_line(self) -> None:
        enabled = bool(self._control & DiskControl.COMPLETION_INTERRUPT)
        self.platform.set_line(Line.DISK, enabled and bool(self._completions))

    def _state_values(self) -> list[Value]:
        return [
            [self._control, self._busy_until, self._latency_ns, self._power_cuts],
            [[sequence, *_numbers(command)] for sequence, command in self._in_flight.values()],
            list(self._completions),
            [_fault_numbers(fault) for fault in self._faults],
            self.medium.state_values(),
        ]

    def _set_state_values(self, values: list[Value]) -> None:
        numbers = [integer(value) for value in items(values[0])]
        self._control, self._busy_until, self._latency_ns, self._power_cuts = numbers
        self._in_flight = {}
        for row in map(items, items(values[1])):
            sequence, *fields = [integer(value) for value in row]
            command = _Command(*fields)
            self._in_flight[command.tag] = (sequence, command)
        self._completions = [integer(value) for value in items(values[2])]
        self._faults = [_fault([integer(value) for value in items(row)]) for row in items(values[3])]
        self.medium.set_state_values(list(items(values[4])))


def _numbers(command: _Command) -> list[int]:
    return [command.operation, command.tag, command.block, command.count, command.buffer]


def _fault_numbers(fault: DiskFault) -> list[int]:
    operation = 0 if fault.operation is None else int(fault.operation)
    return [operation, fault.first_block, fault.last_block, fault.after, fault.times]


def _fault(numbers: list[int]) -> DiskFault:
    operation, first, last, after, times = numbers
    return DiskFault(DiskOperation(operation) if operation else None, first, last, after, times)
