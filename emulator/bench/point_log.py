"""A record of each time that the guest comes to certain instructions, takes an exception, switches threads.

The engine keeps it while somebody logs. The run is the one that nobody logged, with the same state hash and
schedule digest, and as fast between two records::

    points = {"create": machine.symbols.entry("f"), "created": returns_of(machine, "f")}
    with PointLog(machine, points) as log:
        session.do(...)
        for record in log.records():
            print(record.time_ns, record.cpu, record.name, record.r3)

A ``StretchWatch`` may watch at the same time; a second ``PointLog`` may not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, IntEnum, auto
from types import TracebackType
from typing import Final, NamedTuple, Self

from emulator.bench.code_points import check_can_be_logged, writes_of_sprg3
from emulator.cpu.binding import POINT_WORDS, LogPointStruct, PointStruct
from emulator.errors import EngineError, UsageError
from emulator.monitor.code import INSTRUCTION_SIZE
from emulator.system import Machine

MOST_RECORDS: Final = 1 << 24
"""That wait to be taken: 1.5 GiB of the host's memory."""
READ_BYTES: Final = 8 * POINT_WORDS


class Kind(Enum):
    """What a record tells of."""

    POINT = auto()
    EXCEPTION = auto()
    THREAD = auto()
    """From here on the CPU runs the guest thread ``thread``."""


class Base(IntEnum):
    """The registers from which memory can be read."""

    R3 = 3
    R4 = 4


@dataclass(frozen=True)
class Read:
    """What a point's records hold of memory: ``READ_BYTES`` bytes at ``offset`` from a register's address."""

    base: Base
    offset: int = 0
    through: bool = False
    """An address lies there; the bytes are those at that address."""


class PointRecord(NamedTuple):
    """One of them. Those of one CPU come in the order of its time, those of several as their turns came."""

    kind: Kind
    name: str
    """The point's; empty for the other kinds."""
    time_ns: int
    """Virtual time of that CPU, before the instruction."""
    cpu: int
    instructions: int
    """That this CPU had executed."""
    thread: int
    """Guest thread that runs there."""
    address: int
    """Of the instruction; for an exception, of the one that comes after its handler."""
    r3: int
    """Before the instruction; 0 for an exception."""
    r4: int
    vector: int
    """Of the exception, 0 for the other kinds."""
    memory: bytes
    """Before the instruction; zeros where nothing is mapped, empty where nothing was to be read."""


class PointLog:
    """Logs a machine in a ``with``."""

    def __init__(
        self,
        machine: Machine,
        points: Mapping[str, int | Sequence[int]],
        *,
        reads: Mapping[str, Read] | None = None,
        exceptions: bool = False,
        threads: bool = False,
        most: int = MOST_RECORDS,
    ) -> None:
        """The effective addresses of each point, and what to read of memory there, by its name.

        An instruction that is executed again because it faulted is logged again. ``most`` bounds the
        records that wait to be taken. Raises UsageError when an address has two names,
        or lies where a point could change the run.
        """
        self._machine = machine
        self._exceptions = exceptions
        self._most = most
        self._reads = reads or {}
        self._names: dict[int, tuple[Kind, str]] = {}
        for name, addresses in points.items():
            for address in [addresses] if isinstance(addresses, int) else addresses:
                self._add(address, Kind.POINT, name)
        if threads:
            for address in writes_of_sprg3(machine):
                self._add(address + INSTRUCTION_SIZE, Kind.THREAD, "")
        self._records: list[PointRecord] = []
        self._lost = 0
        self._active = False

    def __enter__(self) -> Self:
        """Raises EngineError when there are too many addresses, or when points are logged already."""
        points = (self._structure(address, name) for address, (_kind, name) in self._names.items())
        self._machine.hardware.engine.log_points(points, self._exceptions, self._most)
        self._records, self._lost, self._active = [], 0, True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._collect()
        self._active = False
        self._machine.hardware.engine.unlog_points()

    def records(self) -> list[PointRecord]:
        """All that were not taken; also after the ``with``.

        Raises EngineError when the host had no memory for some, or more than ``most`` waited.
        """
        self._collect()
        if self._lost:
            raise EngineError(
                f"the log of points had no room for {self._lost:,} records after {len(self._records):,}: "
                "log fewer points or a shorter run, or take records in between"
            )
        return list(self._records)

    def take(self) -> list[PointRecord]:
        """As ``records``, and forgets them: for a run whose records are too many to keep."""
        taken = self.records()
        self._records = []
        return taken

    def _add(self, address: int, kind: Kind, name: str) -> None:
        check_can_be_logged(self._machine, address)
        if address in self._names:
            raise UsageError(f"{address:#x} is both {self._names[address][1]!r} and {name!r}")
        self._names[address] = kind, name

    def _structure(self, address: int, name: str) -> LogPointStruct:
        read = self._reads.get(name)
        if read is None:
            return LogPointStruct(address)
        return LogPointStruct(address, read.base, read.offset, read.through)

    def _collect(self) -> None:
        if not self._active:
            return
        structures, self._lost = self._machine.hardware.engine.take_points()
        self._records.extend(self._read(structures))

    def _read(self, structures: Sequence[PointStruct]) -> Iterator[PointRecord]:
        for each in structures:
            kind, name = (Kind.EXCEPTION, "") if each.vector else self._names[each.address]
            memory = bytes(each.memory) if name in self._reads else b""
            yield PointRecord(
                kind,
                name,
                each.time,
                each.cpu,
                each.instructions,
                each.thread,
                each.address,
                each.values[0],
                each.values[1],
                each.vector,
                memory,
            )
