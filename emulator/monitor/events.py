"""What the guest tells by itself, in lines for people, as it happens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from emulator.abi.mailbox import EventKind
from emulator.abi.values import Value, integer, items, text
from emulator.devices.mailbox import Mailbox
from emulator.monitor.journal import code_word
from emulator.monitor.symboliser import Symboliser


class EventLines:
    """A reading of the guest's events, from now on. Asks the guest nothing."""

    def __init__(self, mailbox: Mailbox, symbols: Symboliser) -> None:
        self._mailbox = mailbox
        self._symbols = symbols
        self._read = mailbox.events_total
        self._states: dict[int, str] = {}
        """Of each update, what was last told."""

    def take(self) -> Iterator[tuple[int, str]]:
        """Time, ns, and line of each event since the last time that is worth one."""
        events = self._mailbox.events_since(self._read)
        self._read = self._mailbox.events_total
        for event in events:
            describe = _DESCRIBED.get(event.kind)
            line = "" if describe is None else describe(self, event.values)
            if line:
                yield event.time, line

    def _swap(self, values: list[Value]) -> str:
        _swap, update, reference, code, *_counts = values
        # Those of an update are too many, and its states tell of them.
        return "" if integer(update) else f"swap of {text(reference)}: {code_word(code) or 'completed'}"

    def _update(self, values: list[Value]) -> str:
        update, _module, name, state, unconverted, failed, _code, converted, why, _marked = values
        told = text(state)
        if self._states.get(integer(update)) == told:
            return ""
        self._states[integer(update)] = told
        named = (("converted", converted), ("unconverted", unconverted), ("failed", failed))
        counts = [f"{integer(count):,} {word}" for word, count in named if integer(count)]
        return ", ".join([f"update {text(name)}: {told}", *counts, *filter(None, [text(why)])])

    def _stalled(self, values: list[Value]) -> str:
        update, step, row, _frames = values
        thread, name, cpu, _generation, reference, _since = items(row)
        inside = f", inside {text(reference)}" if text(reference) else ""
        who = f"thread {integer(thread)} {text(name)} on CPU {integer(cpu)}{inside}"
        return f"update {integer(update)} is held up in {text(step)} by {who}"

    def _adaptor(self, values: list[Value]) -> str:
        reference, state, target, calls, callers = values
        where = f", its object is {text(target)}" if text(target) else ""
        counts = f"{integer(calls):,} calls, {integer(callers):,} callers left"
        return f"adaptor on {text(reference)}: {text(state)}{where}, {counts}"

    def _dead_reference(self, values: list[Value]) -> str:
        reference, calls, address = values
        who = f"the last from {self._symbols.locate(integer(address))}"
        return f"{text(reference)} was called though its adaptor is gone: {integer(calls):,} times, {who}"

    def _interface_wanted(self, values: list[Value]) -> str:
        return f"a program waits for interface {text(values[0])}"

    def _interface_settled(self, values: list[Value]) -> str:
        return f"interface {text(values[0])}: {code_word(values[1]) or 'provided'}"


_DESCRIBED: Final[dict[EventKind, Callable[[EventLines, list[Value]], str]]] = {
    EventKind.ADAPTOR: EventLines._adaptor,
    EventKind.DEAD_REFERENCE: EventLines._dead_reference,
    EventKind.INTERFACE_SETTLED: EventLines._interface_settled,
    EventKind.INTERFACE_WANTED: EventLines._interface_wanted,
    EventKind.SWAP_DONE: EventLines._swap,
    EventKind.UPDATE_STALLED: EventLines._stalled,
    EventKind.UPDATE_STATE: EventLines._update,
}
