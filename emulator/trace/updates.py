"""Updates: the states that each goes through, how many instances are left, and its swaps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from emulator.abi.mailbox import EventKind
from emulator.abi.values import integer, text
from emulator.monitor.journal import code_word
from emulator.trace.swaps import Swaps

if TYPE_CHECKING:
    from emulator.devices.mailbox import GuestEvent
    from emulator.trace.timeline import Row, Timeline

_FIRST_GROUP: Final = 10
_SWAPS_BY_HAND: Final = 9
_OVER: Final = ("aborted", "unloaded")


@dataclass
class _Update:
    group: int
    states: Row
    state: str = ""
    unconverted: int = 0


class Updates:
    """From the guest's events, each as it has come."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._updates: dict[int, _Update] = {}
        self._swaps = Swaps(timeline)
        self._by_hand: int | None = None

    def take(self, event: GuestEvent) -> None:
        """One event; those that concern neither updates nor swaps say nothing here."""
        match event.kind:
            case EventKind.UPDATE_STATE:
                self._state(event)
            case EventKind.SWAP_BEGAN:
                self._swaps.began(event, self._group(integer(event.values[1])))
            case EventKind.SWAP_PHASE:
                self._swaps.phase(event)
            case EventKind.SWAP_DONE:
                self._swaps.done(event)
            case EventKind.UPDATE_STALLED:
                self._stalled(event)

    def close(self, time_ns: int) -> None:
        """Draws what is not over."""
        self._swaps.close(time_ns)

    def _state(self, event: GuestEvent) -> None:
        number, _module, name, state, unconverted, failed, code, converted, why, marked = event.values
        update = self._updates.get(integer(number))
        if update is None:
            update = self._updates[integer(number)] = self._new(integer(number), text(name))
        if integer(unconverted) != update.unconverted:
            update.unconverted = integer(unconverted)
            self._timeline.counter(update.group, event.time, "unconverted", "instances", update.unconverted)
        if text(state) == update.state:
            return
        if update.state:
            self._timeline.end(update.states, event.time)
        update.state = "" if text(state) in _OVER else text(state)
        figures: dict[str, str | int] = {
            "failed": integer(failed),
            "converted": integer(converted),
            "marked": integer(marked),
        }
        if code_word(code):
            figures |= {"reason": code_word(code), "why": text(why)}
        if update.state:
            self._timeline.begin(update.states, event.time, update.state, figures)
        else:
            self._timeline.instant(update.states, event.time, text(state), figures)

    def _stalled(self, event: GuestEvent) -> None:
        number, step, row, _frames = event.values
        update = self._updates.get(integer(number))
        if update is not None and isinstance(row, list):
            thread, name, *_ = row
            held_by: dict[str, str | int] = {"thread": integer(thread), "name": text(name)}
            self._timeline.instant(update.states, event.time, f"{text(step)} is held up", held_by)

    def _new(self, number: int, name: str) -> _Update:
        group = self._timeline.group(_FIRST_GROUP + number, f"update {number}: {name}")
        return _Update(group, self._timeline.row(group, "state"))

    def _group(self, update: int) -> int:
        """The rows that a swap belongs to."""
        if update in self._updates:
            return self._updates[update].group
        if self._by_hand is None:
            self._by_hand = self._timeline.group(_SWAPS_BY_HAND, "swaps")
        return self._by_hand
