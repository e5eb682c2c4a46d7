"""Interfaces that programs in the guest ask for, and the updates that provide them.

A demand is open from the guest's event INTERFACE_WANTED to its event INTERFACE_SETTLED, which are in the
mailbox's log. The host has the modules of an update loaded one after the other, and says what came of it. It
does so where the run stops at such an event, so that a run repeats.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from emulator.abi.mailbox import EventKind, Operation
from emulator.abi.status import Code
from emulator.abi.values import text
from emulator.errors import EvergreenError
from emulator.machine import StopReason

if TYPE_CHECKING:
    from emulator.devices.loader import ModuleLoader
    from emulator.devices.mailbox import Mailbox
    from emulator.machine import Hardware
    from emulator.monitor.module_registry import ModuleRegistry
    from emulator.monitor.updates import Updates

Provider = Callable[[str], Sequence[bytes]]
"""The modules of the update that provides an interface, in the order in which they are applied, or none."""

_KINDS: Final = (EventKind.INTERFACE_WANTED, EventKind.INTERFACE_SETTLED)


@dataclass
class _Demand:
    """What is left to do for an interface that is waited for."""

    modules: list[bytes] | None = None
    """Not loaded yet; None: the provider has not been asked."""
    load: int | None = None
    """The load that is under way."""


class Demands:
    """Serves the guest's demands. ``provider`` may be set at any time; None: no update provides anything."""

    def __init__(
        self,
        hardware: Hardware,
        mailbox: Mailbox,
        loader: ModuleLoader,
        registry: ModuleRegistry,
        updates: Updates,
    ) -> None:
        self.provider: Provider | None = None
        self._hardware = hardware
        self._mailbox = mailbox
        self._loader = loader
        self._registry = registry
        self._updates = updates
        self.clear()

    def clear(self) -> None:
        """Another machine's state was restored: reads the log from its start."""
        self._read = 0
        self._open: dict[str, _Demand] = {}
        self.refusals: dict[str, str] = {}
        """Why the host could not serve a demand, by interface."""
        self._unread = True
        self._stopped = False

    def notice(self) -> None:
        """Mailbox or loader have news: ends the run if a demand has to be served because of them."""
        newest = self._mailbox.events_since(max(self._read, self._mailbox.events_total - 1))
        if any(event.kind in _KINDS for event in newest) or self._a_load_has_ended():
            self._unread = self._stopped = True
            self._hardware.stop(StopReason.STOPPED)

    def serve(self) -> bool:
        """Does what can be done, between runs. Whether there was news for which the run was ended."""
        stopped = self._stopped
        if self._unread:
            self._unread = self._stopped = False
            self._catch_up()
            for interface, demand in self._open.items():
                self._advance(interface, demand)
        return stopped

    def _catch_up(self) -> None:
        events = self._mailbox.events_since(self._read)
        self._read = self._mailbox.events_total
        for event in events:
            if event.kind is EventKind.INTERFACE_WANTED:
                self._open[text(event.values[0])] = _Demand()
            elif event.kind is EventKind.INTERFACE_SETTLED:
                self._open.pop(text(event.values[0]), None)

    def _advance(self, interface: str, demand: _Demand) -> None:
        if demand.load is not None:
            outcome = self._loader.outcome(demand.load)
            if outcome is None:
                return
            demand.load = None
            if outcome.code is not Code.OK:
                demand.modules = []
                self._settle(interface, outcome.code, outcome.text)
                return
        try:
            self._load_next(interface, demand)
        except EvergreenError as refusal:
            demand.modules = []
            self._settle(interface, Code.REFUSED, str(refusal))

    def _load_next(self, interface: str, demand: _Demand) -> None:
        if demand.modules is None:
            demand.modules = list(self.provider(interface)) if self.provider is not None else []
            if not demand.modules:
                self._settle(interface, Code.NOT_FOUND, "no update provides it")
                return
        if not demand.modules:
            self._settle(interface, Code.OK)
            return
        module = demand.modules.pop(0)
        demand.load = self._under_way(module) or self._updates.start(module)

    def _under_way(self, module: bytes) -> int | None:
        """The load of a module that was asked for before the machine was saved."""
        key = self._registry.key_of(module)
        return None if key is None else self._loader.under_way(key)

    def _settle(self, interface: str, code: Code, why: str = "") -> None:
        if code is not Code.OK:
            self.refusals[interface] = why
        self._mailbox.post(Operation.SETTLE_DEMAND, interface, -int(code))

    def _a_load_has_ended(self) -> bool:
        loads = (demand.load for demand in self._open.values())
        return any(load is not None and self._loader.outcome(load) is not None for load in loads)
