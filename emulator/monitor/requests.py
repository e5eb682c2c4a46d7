"""Requests to the guest, and waiting for what comes of them in virtual time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from emulator.abi.mailbox import Operation
from emulator.abi.status import Code
from emulator.abi.values import Value
from emulator.devices.mailbox import Mailbox, Reply
from emulator.errors import GuestError
from emulator.machine import Hardware, Stop, StopReason, Until

DEFAULT_LIMIT_NS: Final = 500_000_000

_MEANING: Final = {
    Code.NO_MEMORY: "the guest has no memory for it",
    Code.INVALID: "the guest refused the arguments",
    Code.NOT_FOUND: "there is none of that name in the guest",
    Code.BUSY: "it is in use, or in the middle of a change",
    Code.EXISTS: "there is one already",
    Code.TIMED_OUT: "the time limit has passed",
    Code.CANCELLED: "it was cancelled",
    Code.NO_FORMAT: "old and new class share no transfer format",
    Code.GONE: "the object was destroyed",
    Code.DEADLOCK: "the object's callers wait for each other",
    Code.FAULT: "the module's code faulted",
    Code.VERSION: "the versions do not follow each other",
    Code.REFUSED: "the guest refuses it in its present state",
    Code.UNSUPPORTED: "this kernel cannot do it",
    Code.TOO_LARGE: "it is too large",
}


_MEANING_FOR: Final = {
    (Operation.CANCEL, Code.NOT_FOUND): "there is no such update",
    (Operation.REVERT, Code.NOT_FOUND): "there is no such update",
    (Operation.UNLOAD, Code.BUSY): "it is still in use, by an object of its class or by another module",
}


def meaning(code: Code, operation: Operation | None = None) -> str:
    """A failure in words, of a request if there is more to say of that."""
    general = _MEANING.get(code, code.name.lower())
    return general if operation is None else _MEANING_FOR.get((operation, code), general)


class Requests:
    """Posts requests and runs the machine until they are answered."""

    def __init__(self, hardware: Hardware, mailbox: Mailbox, run: Callable[[Until], Stop]) -> None:
        """``run`` runs the machine as its owner does."""
        self._hardware = hardware
        self._mailbox = mailbox
        self._run = run
        self._waiting = False

    @property
    def waiting(self) -> bool:
        """Whether someone waits for news."""
        return self._waiting

    def notice(self) -> None:
        """The device layer has news: ends the run of whoever waits for some."""
        if self._waiting:
            self._hardware.stop(StopReason.STOPPED)

    def ask(
        self, operation: Operation, *arguments: Value, what: str = "", limit_ns: int = DEFAULT_LIMIT_NS
    ) -> list[Value]:
        """The values of the reply. Raises GuestError when the guest fails it, ends or takes too long."""
        what = what or operation.name.lower().replace("_", " ")
        request = self._mailbox.post(operation, *arguments)
        self.wait(lambda: self._mailbox.reply(request) is not None, what, limit_ns)
        reply = self._mailbox.reply(request)
        assert isinstance(reply, Reply)
        if reply.code is not Code.OK:
            raise GuestError(f"{what}: {meaning(reply.code, operation)} ({reply.code.name})")
        return reply.values

    def wait(self, ready: Callable[[], bool], what: str, limit_ns: int = DEFAULT_LIMIT_NS) -> None:
        """Runs until ``ready``, which is asked at news of mailbox and loader. Raises GuestError."""
        stop = self.run_until(ready, limit_ns)
        if stop is not None:
            raise GuestError(f"{what}: {_ended(stop, limit_ns)}")

    def run_until(self, ready: Callable[[], bool], limit_ns: int) -> Stop | None:
        """Runs until ``ready``; the stop that came before it, or None."""
        deadline = self._hardware.time + limit_ns
        while not ready():
            self._waiting = True
            try:
                stop = self._run(Until(deadline_ns=deadline))
            finally:
                self._waiting = False
            if stop.reason is not StopReason.STOPPED and not ready():
                return stop
        return None


def _ended(stop: Stop, limit_ns: int) -> str:
    if stop.reason is StopReason.DEADLINE:
        return f"no answer within {limit_ns / 1e6:g} ms of virtual time"
    if stop.reason is StopReason.IDLE:
        return "the guest idles for ever and does not answer"
    if stop.reason is StopReason.ENGINE_FAULT:
        return f"the engine failed: {stop.message}"
    return {StopReason.PANIC: "the guest panicked", StopReason.HALTED: "the guest is off"}.get(
        stop.reason, f"the run ended: {stop.reason.value}"
    )
