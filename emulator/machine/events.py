"""The queue of what devices will do, in virtual time."""

import heapq
from collections.abc import Iterable, Iterator

from emulator.machine.device import Event


class EventQueue:
    """Events by time, those of one time in the order in which they were scheduled."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Event]] = []
        self.next_sequence = 1

    def schedule(self, time: int, device: str, kind: int, values: tuple[int, ...]) -> int:
        """Returns the event's sequence number, which is unique in the machine's life."""
        sequence = self.next_sequence
        self.next_sequence += 1
        heapq.heappush(self._heap, (time, sequence, Event(time, sequence, device, kind, values)))
        return sequence

    def cancel(self, sequence: int) -> None:
        """The event will not happen; one that already has is ignored."""
        self.replace([event for event in self if event.sequence != sequence], self.next_sequence)

    def take_due(self, now: int) -> Event | None:
        """The first event, if its time has come."""
        return heapq.heappop(self._heap)[2] if self._heap and self._heap[0][0] <= now else None

    @property
    def next_time(self) -> int | None:
        """Of the first event, ns."""
        return self._heap[0][0] if self._heap else None

    def replace(self, events: Iterable[Event], next_sequence: int) -> None:
        """Takes these events instead of its own."""
        self._heap = [(event.time, event.sequence, event) for event in events]
        heapq.heapify(self._heap)
        self.next_sequence = next_sequence

    def __iter__(self) -> Iterator[Event]:
        return (entry[2] for entry in sorted(self._heap, key=lambda entry: entry[:2]))
