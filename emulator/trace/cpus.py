"""What each CPU runs: a slice for each turn of a thread, and within it the exceptions that it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from emulator.bench.point_log import PointRecord
    from emulator.trace.timeline import Row, Timeline

_NO_THREAD: Final = 0
"""Published until the kernel has threads."""
_IDLE: Final = "idle"
"""Nothing is drawn while that thread runs."""
_EXCEPTIONS: Final = {
    0x100: "reset",
    0x200: "machine check",
    0x300: "data storage",
    0x380: "data segment",
    0x400: "instruction storage",
    0x480: "instruction segment",
    0x500: "external interrupt",
    0x600: "alignment",
    0x700: "program",
    0x800: "floating point unavailable",
    0x900: "decrementer",
    0xC00: "system call",
    0xD00: "trace",
    0xE40: "emulation assistance",
    0xF20: "vector unavailable",
    0xF40: "VSX unavailable",
}


class Exceptions:
    """Those that each thread is in, innermost last: it takes them along when it is preempted or moves."""

    def __init__(self) -> None:
        self._of: dict[int, list[str]] = {}

    def of(self, thread: int) -> list[str]:
        """Their names."""
        return self._of.get(thread, [])

    def enter(self, thread: int, name: str) -> None:
        """One more."""
        self._of.setdefault(thread, []).append(name)

    def leave(self, thread: int) -> bool:
        """Whether it was in one."""
        entered = self._of.get(thread)
        if not entered:
            return False
        entered.pop()
        if not entered:
            del self._of[thread]
        return True


class CpuRow:
    """The slices of one CPU, from its records in their order."""

    def __init__(self, timeline: Timeline, row: Row, exceptions: Exceptions) -> None:
        """``exceptions`` are those of all CPUs."""
        self._timeline = timeline
        self._row = row
        self._exceptions = exceptions
        self._thread = _NO_THREAD
        self._depth = 0

    def run(self, thread: int, name: str, time_ns: int) -> None:
        """That thread has the CPU from this time on; its name is empty when it is not known."""
        if thread == self._thread:
            return
        while self._depth:
            self._end(time_ns)
        self._thread = thread
        if thread != _NO_THREAD and name != _IDLE:
            self._begin(time_ns, f"{name or 'thread'} {thread}", {"thread": thread})
        for exception in self._exceptions.of(thread):
            self._begin(time_ns, exception)

    def enter_exception(self, record: PointRecord) -> None:
        """An exception: the thread is in it from here on."""
        self.run(record.thread, "", record.time_ns)
        name = _EXCEPTIONS.get(record.vector, f"exception {record.vector:#x}")
        self._exceptions.enter(record.thread, name)
        self._begin(record.time_ns, name)

    def leave_exception(self, record: PointRecord) -> None:
        """The thread is done with its innermost exception, if it is in one."""
        self.run(record.thread, "", record.time_ns)
        if self._exceptions.leave(record.thread):
            self._end(record.time_ns)

    def _begin(self, time_ns: int, name: str, arguments: dict[str, int] | None = None) -> None:
        self._timeline.begin(self._row, time_ns, name, arguments or {})
        self._depth += 1

    def _end(self, time_ns: int) -> None:
        self._timeline.end(self._row, time_ns)
        self._depth -= 1
