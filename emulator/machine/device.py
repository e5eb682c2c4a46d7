"""What a device is to the machine, and the machine to a device."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from emulator.errors import EngineError
from emulator.machine.stop import StopReason


class BusFault(Exception):
    """An access that no register answers: the guest takes a machine check."""


@dataclass(frozen=True)
class Event:
    """Something a device will do at a virtual time."""

    time: int
    sequence: int
    device: str
    kind: int
    values: tuple[int, ...]


class Platform(ABC):
    """What a device may ask of the machine it is attached to."""

    @abstractmethod
    def now(self) -> int:
        """Virtual ns."""

    @abstractmethod
    def schedule(self, device: "Device", delay_ns: int, kind: int, *values: int) -> int:
        """``device.event`` will be called ``delay_ns`` from now. Returns the event's sequence number."""

    @abstractmethod
    def cancel(self, sequence: int) -> None:
        """The event will not happen; one that already has is ignored."""

    @abstractmethod
    def set_line(self, line: int, level: bool) -> None:
        """Level of an interrupt line."""

    @abstractmethod
    def read_memory(self, physical: int, size: int) -> bytes:
        """Bytes of RAM. Raises BusFault outside it."""

    @abstractmethod
    def write_memory(self, physical: int, data: bytes) -> None:
        """Stores to RAM. Raises BusFault outside it."""

    @abstractmethod
    def invalidate_code(self, physical: int, size: int) -> None:
        """Instructions there were changed: no CPU keeps a translation of the old ones."""

    @abstractmethod
    def inject(self, cpu: int, vector: int) -> bool:
        """The CPU takes an exception; 0x100 whatever MSR[EE] is, but not while MSR[RI] is 0.

        False when the CPU is off, or one that was injected before is still pending: then nothing happens.
        """

    @abstractmethod
    def request_stop(self, reason: StopReason) -> None:
        """The run loop stops at the next block boundary."""


class Device(ABC):
    """A register page with state of its own."""

    name: str
    page: int

    @abstractmethod
    def attach(self, platform: Platform) -> None:
        """Called once, before any access."""

    @abstractmethod
    def read(self, cpu: int, offset: int, size: int) -> int:
        """A load. Raises BusFault."""

    @abstractmethod
    def write(self, cpu: int, offset: int, size: int, value: int) -> None:
        """A store. Raises BusFault."""

    def event(self, event: Event) -> None:
        """A scheduled event is due. A device that schedules none gets none."""
        raise EngineError(f"{self.name} was sent an event that it cannot have scheduled: {event}")

    @abstractmethod
    def get_state(self) -> bytes:
        """All state, as portable bytes: equal states, equal bytes."""

    @abstractmethod
    def set_state(self, state: bytes) -> None:
        """Takes back what get_state gave."""
