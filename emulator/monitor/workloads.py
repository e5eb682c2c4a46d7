"""Requests about workloads, and how each was last seen."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from emulator.abi.hypercalls import Stage
from emulator.abi.mailbox import Operation
from emulator.abi.values import MalformedValues, Value, items, text
from emulator.monitor.replies import WorkloadStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator.machine import Hardware
    from emulator.monitor.guest_calls import GuestCalls
    from emulator.monitor.requests import Requests


class Workloads:
    """Asks the guest; raises GuestError as the monitor does. What was seen is kept with the machine."""

    def __init__(
        self, hardware: Hardware, calls: GuestCalls, requests: Requests, catch_up: Callable[[], None]
    ) -> None:
        self._hardware: Final = hardware
        self._calls: Final = calls
        self._requests: Final = requests
        self._catch_up: Final = catch_up
        self._replies: dict[str, Sequence[Value]] = {}
        self.seen: dict[str, WorkloadStatus] = {}
        """Each whose figures were asked for, as it was then, in the order of the first time."""

    def names(self) -> list[str]:
        """Those that this kernel has."""
        return [text(name) for name in self._ask(Operation.WORKLOADS)]

    def start(self, name: str, **parameters: int) -> None:
        """See Monitor.workload_start."""
        given: list[Value] = [[key, value] for key, value in parameters.items()]
        self._ask(Operation.WORKLOAD_START, name, given, what=f"workload {name}")

    def stop(self, name: str) -> None:
        """Its clients end after the operation that they are at."""
        self._ask(Operation.WORKLOAD_STOP, name, what=f"workload {name}")

    def status(self, name: str) -> WorkloadStatus:
        """How far it has come."""
        return self._see(name, self._ask(Operation.WORKLOAD_STATUS, name, what=f"workload {name}"))

    def wait(self, name: str, limit_ns: int) -> WorkloadStatus:
        """Waits until all its clients have ended; its last figures."""
        deadline = self._hardware.time + limit_ns
        while True:
            seen = self._ended()
            status = self.status(name)
            if not status.running:
                return status
            left = max(0, deadline - self._hardware.time)
            self._requests.wait(partial(self._more_ended_than, seen), f"workload {name}", left)

    def get_state(self) -> list[Value]:
        """What was seen: to a machine that goes on elsewhere the same questions are asked."""
        return [[name, list(reply)] for name, reply in self._replies.items()]

    def set_state(self, rows: Sequence[Value]) -> None:
        """Takes back what get_state gave. Raises MalformedValues."""
        self._replies, self.seen = {}, {}
        try:
            for name, reply in map(items, rows):
                self._see(text(name), items(reply))
        except (KeyError, TypeError) as error:
            raise MalformedValues(f"figures of a workload: {error}") from None

    def _see(self, name: str, reply: Sequence[Value]) -> WorkloadStatus:
        self._replies[name] = reply
        self.seen[name] = WorkloadStatus.of(name, reply)
        return self.seen[name]

    def _ended(self) -> int:
        return sum(mark.stage is Stage.WORKLOAD_ENDED for mark in self._calls.stages)

    def _more_ended_than(self, seen: int) -> bool:
        return self._ended() > seen

    def _ask(self, operation: Operation, *arguments: Value, what: str = "") -> list[Value]:
        values = self._requests.ask(operation, *arguments, what=what)
        self._catch_up()
        return values
