"""Names in the guest's memory, read without asking the guest: that would be another run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from emulator.bench.point_log import READ_BYTES, Base, Read

if TYPE_CHECKING:
    from emulator.system import Machine

_NUMBER_BYTES: Final = 8


class ThreadNames:
    """Of the guest's threads, where the kernel's debug data says that they are."""

    def __init__(self, machine: Machine) -> None:
        """Raises UsageError when the kernel has no such data."""
        members = machine.symbols.members("Thread", of="kernel::Thread::create")
        self._id, self._name = members["m_id"], members["m_name"]
        self._name_in_context = members["m_name"] - members["m_context"]

    def in_context(self, base: Base) -> Read:
        """The name of the thread whose context a register leads to."""
        return Read(base, self._name_in_context)

    def running(self, machine: Machine, cpu: int) -> str:
        """The name of the thread that runs on a CPU; empty in a program, where r13 does not lead to it."""
        on = machine.cpus[cpu]
        thread = on.registers["r13"]
        number = on.read(thread + self._id, _NUMBER_BYTES)
        if number is None or int.from_bytes(number, "big") != on.thread:
            return ""
        return first_text(on.read(thread + self._name, READ_BYTES) or b"")


def first_text(data: bytes) -> str:
    """Up to its first zero."""
    return data.partition(b"\0")[0].decode(errors="replace")
