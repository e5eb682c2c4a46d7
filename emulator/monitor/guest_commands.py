"""The console commands and in-guest tests that the kernel and its modules bring."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from emulator.abi.mailbox import Operation
from emulator.abi.values import Value, integer, items, text
from emulator.monitor.requests import DEFAULT_LIMIT_NS

if TYPE_CHECKING:
    from emulator.monitor.requests import Requests


@dataclass(frozen=True)
class GuestCommand:
    """A command that runs in the guest and prints on its console."""

    name: str
    summary: str
    module: int
    """Id of the module that brought it, 0 for the kernel."""

    @classmethod
    def of(cls, value: Value) -> GuestCommand:
        """From one row of the reply."""
        name, summary, module = items(value)
        return cls(text(name), text(summary), integer(module))


@dataclass(frozen=True)
class TestOutcome:
    """How one in-guest test ended."""

    __test__ = False  # to pytest, which would take it for a test

    name: str
    failure: str
    """``file:line expression``, empty when it is well."""

    @classmethod
    def of(cls, value: Value) -> TestOutcome:
        """From one row of the reply."""
        return cls(*(text(item) for item in items(value)))


class GuestCommands:
    """Runs them. Raises GuestError."""

    def __init__(self, requests: Requests) -> None:
        self._requests = requests

    def all(self) -> list[GuestCommand]:
        """The commands that there are, by name."""
        return [GuestCommand.of(row) for row in self._requests.ask(Operation.COMMANDS)]

    def run(self, name: str, words: str = "", *, limit_ns: int = DEFAULT_LIMIT_NS) -> None:
        """Returns when the command has ended; what it has to say is on the console."""
        self._requests.ask(Operation.COMMAND, name, words, what=f"command {name}", limit_ns=limit_ns)

    def run_tests(self, prefix: str) -> list[TestOutcome]:
        """Runs the tests of modules whose names begin so, one after the other."""
        rows = self._requests.ask(Operation.TESTS, prefix, what=f"test {prefix}")
        return [TestOutcome.of(row) for row in rows]
