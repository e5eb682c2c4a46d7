"""Cancelling and reverting updates, and saying why when the guest refuses it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from emulator.abi.mailbox import Operation
from emulator.errors import GuestError
from emulator.monitor.journal import Journal
from emulator.monitor.module_registry import ModuleRegistry
from emulator.monitor.records import UpdateFailed, UpdateRecord
from emulator.monitor.replies import UpdateInfo
from emulator.monitor.requests import Requests

UNDO_LIMIT_NS: Final = 20_000_000_000
"""Each step of the way back may take the guest's default limit of 10 s."""

_IN_SERVICE: Final = frozenset(("applying", "cancelling", "active", "superseded", "reverting", "stuck"))


class Undo:
    """What takes an update back."""

    def __init__(
        self,
        registry: ModuleRegistry,
        journal: Journal,
        requests: Requests,
        catch_up: Callable[[], None],
    ) -> None:
        self._registry = registry
        self._journal = journal
        self._requests = requests
        self._catch_up = catch_up

    def cancel(self, update: int, limit_ns: int) -> UpdateRecord:
        """Waits until it is aborted. Raises UpdateFailed and GuestError."""
        self._ask(Operation.CANCEL, update, f"cancel update {update}")
        return self._ended(update, "cancel", limit_ns, ("applying", "cancelling"), ("aborted",))

    def revert(self, update: int, limit_ns: int) -> UpdateRecord:
        """Waits until its module is gone, or known to stay. Raises UpdateFailed and GuestError."""
        self._ask(Operation.REVERT, update, f"revert update {update}")
        return self._ended(update, "revert", limit_ns, ("reverting",), ("reverted", "unloaded"))

    def _ask(self, operation: Operation, update: int, what: str) -> None:
        try:
            self._requests.ask(operation, update, what=what)
        except GuestError as refused:
            rows = [UpdateInfo.of(row) for row in self._requests.ask(Operation.UPDATES)]
            why = why_refused(operation, rows, update)
            if why and "(REFUSED)" in str(refused):
                raise GuestError(f"{what}: {why} (REFUSED)") from None
            raise

    def _ended(
        self, update: int, verb: str, limit_ns: int, under_way: Sequence[str], good: Sequence[str]
    ) -> UpdateRecord:
        def over() -> bool:
            self._catch_up()
            record = self._journal.updates[update]
            # Reverted is followed by unloaded, and a little later its module is gone, or by why that stays.
            if record.state == "reverted":
                return bool(record.text)
            there = record.state == "unloaded" and record.module in self._registry.placed
            return record.state not in under_way and not there

        self._requests.wait(over, f"{verb} update {update}", limit_ns)
        record = self._journal.updates[update]
        if record.state not in good:
            why = record.text or record.reason.replace("_", " ")
            raise UpdateFailed(f"{verb} update {update} ({record.name}): {record.state}: {why}", record)
        return record


def _changes_the_same(update: UpdateInfo, other: UpdateInfo) -> bool:
    classes, others = ({change.name for change in each.classes} for each in (update, other))
    return update.state in _IN_SERVICE and not classes.isdisjoint(others)


def why_refused(operation: Operation, updates: Sequence[UpdateInfo], update: int) -> str:
    """In words, from what the guest has on record; empty when that does not tell."""
    found = next((each for each in updates if each.id == update), None)
    if found is None:
        return ""
    if found.irreversible:
        return f"{found.name} cannot be undone: {found.irreversible}"
    newer = [each for each in updates if each.id > update and _changes_the_same(each, found)]
    if newer and found.state in ("active", "superseded", "stuck"):
        last = max(newer, key=lambda each: each.id)
        return f"update {last.id} ({last.name}) changes the same class and came later: revert it first"
    wanted = ("applying",) if operation is Operation.CANCEL else ("active", "stuck")
    if found.state not in wanted:
        return f"{found.name} is {found.state}, not {' or '.join(wanted)}"
    if operation is Operation.REVERT:
        return (
            "there is no way back: the version before is gone, or there is no adaptor for its interface, "
            "or the class whose new interface it calls has to be reverted first"
        )
    return ""
