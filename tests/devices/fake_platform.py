"""A machine without CPUs for the tests of devices: RAM, time and events that the test turns by hand."""

from emulator.machine.device import BusFault, Device, Event, Platform
from emulator.machine.stop import StopReason

MEMORY_BYTES = 1 << 20


class FakePlatform(Platform):
    """Notes what devices ask for."""

    def __init__(self) -> None:
        self.time = 0
        self.memory = bytearray(MEMORY_BYTES)
        self.lines: dict[int, bool] = {}
        self.invalidated: list[tuple[int, int]] = []
        self.injected: list[tuple[int, int, int]] = []
        self.injection_pending = False
        self.stops: list[StopReason] = []
        self._events: list[tuple[Event, Device]] = []
        self._sequence = 0

    def now(self) -> int:
        return self.time

    def schedule(self, device: Device, delay_ns: int, kind: int, *values: int) -> int:
        self._sequence += 1
        event = Event(self.time + delay_ns, self._sequence, device.name, kind, values)
        self._events.append((event, device))
        return self._sequence

    def cancel(self, sequence: int) -> None:
        self._events = [pair for pair in self._events if pair[0].sequence != sequence]

    def set_line(self, line: int, level: bool) -> None:
        self.lines[int(line)] = level

    def read_memory(self, physical: int, size: int) -> bytes:
        self._check(physical, size)
        return bytes(self.memory[physical : physical + size])

    def write_memory(self, physical: int, data: bytes) -> None:
        self._check(physical, len(data))
        self.memory[physical : physical + len(data)] = data

    def invalidate_code(self, physical: int, size: int) -> None:
        self.invalidated.append((physical, size))

    def inject(self, cpu: int, vector: int) -> bool:
        if self.injection_pending:
            return False
        self.injected.append((self.time, cpu, vector))
        return True

    def request_stop(self, reason: StopReason) -> None:
        self.stops.append(reason)

    def run_until(self, time: int) -> None:
        """Lets virtual time pass; events happen in order of time, then of scheduling."""
        while due := min(
            (pair for pair in self._events if pair[0].time <= time),
            key=lambda pair: (pair[0].time, pair[0].sequence),
            default=None,
        ):
            self._events.remove(due)
            self.time = max(self.time, due[0].time)
            due[1].event(due[0])
        self.time = max(self.time, time)

    def adopt_events(self, other: "FakePlatform", device: Device) -> None:
        """Takes over another platform's events and time, as restoring a machine does."""
        self.time, self._sequence = other.time, other._sequence
        self._events = [(event, device) for event, _ in other._events]

    def _check(self, physical: int, size: int) -> None:
        if physical < 0 or physical + size > MEMORY_BYTES:
            raise BusFault(f"no memory at {physical:#x}")
