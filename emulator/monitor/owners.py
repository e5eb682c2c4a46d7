"""Who holds what in the guest: what keeps a module there, and memory by class and module."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emulator.abi.mailbox import Operation
from emulator.abi.values import Value, integer, items, text

if TYPE_CHECKING:
    from emulator.monitor.requests import Requests


@dataclass(frozen=True)
class Holder:
    """Something that keeps a module from being unloaded."""

    what: str
    """``object``, ``swap``, ``adaptor`` or ``pins``."""
    which: str

    @classmethod
    def of(cls, value: Value) -> Holder:
        """From one row of the reply."""
        return cls(*(text(item) for item in items(value)))


@dataclass(frozen=True)
class Owner:
    """Memory of one owner."""

    what: str
    """``class``: roots and representatives of its objects, not what these own; ``module``: its pages."""
    which: str
    count: int
    """Objects, or pages."""
    bytes: int

    @classmethod
    def of(cls, value: Value) -> Owner:
        """From one row of the reply."""
        what, which, count, size = items(value)
        return cls(text(what), text(which), integer(count), integer(size))


class Owners:
    """Requests about what is held. Raises GuestError."""

    def __init__(self, requests: Requests, module_id: Callable[[int | str], int]) -> None:
        """``module_id`` finds a module by name, or raises UsageError."""
        self._requests = requests
        self._module_id = module_id

    def holders(self, module: int | str) -> list[Holder]:
        """What keeps a module, by id or name, from being unloaded; empty when nothing does."""
        rows = self._requests.ask(Operation.HOLDERS, self._module_id(module), what=f"holders of {module}")
        return [Holder.of(row) for row in rows]

    def all(self) -> list[Owner]:
        """Every class that has objects and every module, by what and which."""
        found = [Owner.of(row) for row in self._requests.ask(Operation.OWNERS)]
        return sorted(found, key=lambda owner: (owner.what, owner.which))
