"""Collects the guest's events into records of swaps and updates.

The events themselves are in the mailbox's log, which is part of the machine's state; this is only a reading
of it and can be made again from the start at any time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from emulator.abi.mailbox import EventKind
from emulator.abi.status import Code
from emulator.abi.values import Value, integer, items, text
from emulator.devices.mailbox import GuestEvent, Mailbox
from emulator.monitor.records import (
    COMPLETED,
    PhaseRecord,
    StalledThread,
    SwapRecord,
    UpdateRecord,
    WorkloadSample,
)


class Journal:
    """Swaps and updates by the guest's ids, in the order in which they began."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self.on_update: Callable[[UpdateRecord], None] | None = None
        """Is told of each update whose state or progress the guest has told."""
        self.clear()

    def clear(self) -> None:
        """Reads the log from its start again: another machine's state was restored."""
        self.swaps: dict[int, SwapRecord] = {}
        self.updates: dict[int, UpdateRecord] = {}
        self._read = 0

    def catch_up(self) -> None:
        """Reads what has come since the last time."""
        events = self._mailbox.events_since(self._read)
        self._read = self._mailbox.events_total
        for event in events:
            reader = _READERS.get(event.kind)
            if reader is not None:
                reader(self, event)

    def update_of_module(self, module: int) -> UpdateRecord | None:
        """The update that a module of the guest carries out."""
        return next((record for record in self.updates.values() if record.module == module), None)

    def _swap(self, swap: int, update: int, reference: str) -> SwapRecord:
        if swap not in self.swaps:
            self.swaps[swap] = SwapRecord(swap, reference, update)
            if update in self.updates:
                self.updates[update].swaps.append(self.swaps[swap])
        return self.swaps[swap]

    def _swap_began(self, event: GuestEvent) -> None:
        swap, update, reference, _phase, old_class, new_class = event.values
        record = self._swap(integer(swap), integer(update), text(reference))
        record.old_class, record.new_class = text(old_class), text(new_class)

    def _swap_phase(self, event: GuestEvent) -> None:
        swap, cpu, name, start, end = event.values
        phase = PhaseRecord(integer(swap), integer(cpu), text(name), integer(start), integer(end))
        if phase.swap in self.swaps:
            self.swaps[phase.swap].phases.append(phase)

    def _swap_done(self, event: GuestEvent) -> None:
        swap, update, reference, code, *counts = event.values
        record = self._swap(integer(swap), integer(update), text(reference))
        record.calls_forwarded, record.calls_blocked, record.blocked_ns_max = map(integer, counts)
        record.outcome = code_word(code) or COMPLETED
        record.phases.sort(key=lambda phase: (phase.start_ns, phase.cpu))

    def _workload(self, event: GuestEvent) -> None:
        name, swap, phase, operations, errors = event.values
        sample = WorkloadSample(text(phase), event.time, text(name), integer(operations), integer(errors))
        if integer(swap) in self.swaps:
            self.swaps[integer(swap)].workload.append(sample)

    def _update_state(self, event: GuestEvent) -> None:
        update, module, name, state, unconverted, failed, code, converted, words, marked = event.values
        record = self.updates.setdefault(integer(update), UpdateRecord(text(name), integer(update)))
        record.module, record.state = integer(module), text(state)
        record.unconverted, record.failed = integer(unconverted), integer(failed)
        record.converted, record.marked = integer(converted), integer(marked)
        record.reason, record.text = code_word(code), text(words)
        if self.on_update is not None:
            self.on_update(record)

    def _update_stalled(self, event: GuestEvent) -> None:
        update, step, row, frames = event.values
        stalled = StalledThread.of(text(step), event.time, items(row), items(frames))
        if integer(update) in self.updates:
            self.updates[integer(update)].stalled.append(stalled)


_READERS: Final[dict[EventKind, Callable[[Journal, GuestEvent], None]]] = {
    EventKind.SWAP_BEGAN: Journal._swap_began,
    EventKind.SWAP_PHASE: Journal._swap_phase,
    EventKind.SWAP_DONE: Journal._swap_done,
    EventKind.WORKLOAD: Journal._workload,
    EventKind.UPDATE_STATE: Journal._update_state,
    EventKind.UPDATE_STALLED: Journal._update_stalled,
}


def code_word(value: Value) -> str:
    """The name of a negated Code in small letters, empty for OK; an unknown one as a number."""
    number = integer(value)
    try:
        code = Code(-number)
    except ValueError:
        return f"status {-number}"
    return "" if code is Code.OK else code.name.lower()
