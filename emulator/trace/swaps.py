"""Hot-swaps: a slice for each, in it those of its phases. Swaps that overlap have rows of their own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from emulator.abi.values import Value, integer, text
from emulator.monitor.journal import code_word

if TYPE_CHECKING:
    from emulator.devices.mailbox import GuestEvent
    from emulator.trace.timeline import Row, Timeline


@dataclass
class _Phase:
    start_ns: int
    end_ns: int
    """0 while it is not over."""

    def joined(self, other: _Phase) -> _Phase:
        """Of several CPUs: from the first that was in it to the last."""
        return _Phase(min(self.start_ns, other.start_ns), max(self.end_ns, other.end_ns))


@dataclass
class _Swap:
    group: int
    name: str
    began_ns: int
    entered: dict[str, int] = field(default_factory=dict)
    """When the guest told of each phase: all that is known of a swap that does not end."""
    phases: dict[str, _Phase] = field(default_factory=dict)


class Swaps:
    """From the guest's events."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._under_way: dict[int, _Swap] = {}
        self._rows: dict[int, list[tuple[Row, int]]] = {}
        """Of each group, and up to when they are taken."""

    def began(self, event: GuestEvent, group: int) -> None:
        """SWAP_BEGAN: it has entered a phase."""
        number, _update, reference, phase, old_class, new_class = event.values
        name = f"{text(reference)}: {text(old_class)} -> {text(new_class)}"
        swap = self._under_way.setdefault(integer(number), _Swap(group, name, event.time))
        swap.entered[text(phase)] = event.time

    def phase(self, event: GuestEvent) -> None:
        """SWAP_PHASE: when a CPU was in one; after the last."""
        number, _cpu, name, start, end = event.values
        swap = self._under_way.get(integer(number))
        if swap is not None:
            found = _Phase(integer(start), integer(end))
            before = swap.phases.get(text(name))
            swap.phases[text(name)] = found if before is None else found.joined(before)

    def done(self, event: GuestEvent) -> None:
        """SWAP_DONE: it is drawn."""
        swap = self._under_way.pop(integer(event.values[0]), None)
        if swap is not None:
            self._draw(swap, event.time, _figures(event.values))

    def close(self, time_ns: int) -> None:
        """Draws those that are still under way."""
        for swap in self._under_way.values():
            swap.phases = {name: _Phase(start, 0) for name, start in swap.entered.items()}
            self._draw(swap, time_ns, {"outcome": "under way"})

    def _draw(self, swap: _Swap, end_ns: int, figures: dict[str, str | int]) -> None:
        phases = sorted(swap.phases.items(), key=lambda each: each[1].start_ns)
        start = min([swap.began_ns, *(phase.start_ns for _, phase in phases)])
        row = self._row(swap.group, start, end_ns)
        self._timeline.begin(row, start, swap.name, figures)
        ends = [*(phase.start_ns for _, phase in phases[1:]), end_ns]
        for (name, phase), next_ns in zip(phases, ends, strict=True):
            self._timeline.begin(row, phase.start_ns, name)
            self._timeline.end(row, min(phase.end_ns or next_ns, next_ns))
        self._timeline.end(row, end_ns)

    def _row(self, group: int, start_ns: int, end_ns: int) -> Row:
        rows = self._rows.setdefault(group, [])
        for index, (row, taken_ns) in enumerate(rows):
            if taken_ns <= start_ns:
                rows[index] = row, end_ns
                return row
        rows.append((self._timeline.row(group, "swaps"), end_ns))
        return rows[-1][0]


def _figures(values: list[Value]) -> dict[str, str | int]:
    _number, _update, _reference, code, forwarded, blocked, longest = values
    return {
        "outcome": code_word(code) or "completed",
        "calls forwarded": integer(forwarded),
        "calls blocked": integer(blocked),
        "longest block ns": integer(longest),
    }
