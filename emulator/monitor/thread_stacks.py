"""Stacks of threads: the guest knows those of threads that do not run, the host reads the others."""

from __future__ import annotations

from typing import Final

from emulator.abi.mailbox import Operation
from emulator.abi.values import integer, items
from emulator.errors import GuestError
from emulator.machine import Hardware
from emulator.monitor.backtrace import cpu_stack
from emulator.monitor.requests import Requests
from emulator.monitor.symboliser import Symboliser

_BUSY_SUFFIX: Final = "(BUSY)"
_SERVICES: Final = "services::"


class ThreadStacks:
    """Raises GuestError where the guest is asked."""

    def __init__(self, hardware: Hardware, requests: Requests, symbols: Symboliser) -> None:
        self._hardware = hardware
        self._requests = requests
        self._symbols = symbols

    def service_function(self, thread: int) -> str:
        """The innermost function of a service or module that a thread is in; empty when there is none."""
        try:
            stack = self.of(thread)
        except GuestError:  # it has ended or moved on meanwhile
            return ""
        places = (self._symbols.locate_symbol(address) for _, address in stack)
        return next((each.symbol for each in places if each.module or each.symbol.startswith(_SERVICES)), "")

    def of(self, thread: int) -> list[tuple[int, int]]:
        """Kind and address of each frame of a thread, innermost first."""
        running = self._running(thread)
        if running is not None:
            return running
        try:
            what = f"backtrace of thread {thread}"
            rows = self._requests.ask(Operation.BACKTRACE, thread, what=what)
        except GuestError as error:
            running = self._running(thread) if str(error).endswith(_BUSY_SUFFIX) else None
            if running is None:
                raise
            return running
        return [(integer(kind), integer(address)) for kind, address in map(items, rows)]

    def _running(self, thread: int) -> list[tuple[int, int]] | None:
        cpu = next((cpu for cpu in self._hardware.cpus if cpu.thread == thread), None)
        return None if cpu is None else cpu_stack(cpu, self._symbols)
