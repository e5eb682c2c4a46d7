"""Devices on the physical bus, and what they may ask of the machine."""

from collections.abc import Callable

from emulator.abi.devices import DEVICE_PAGES, LINES, DevicePage
from emulator.abi.memory_map import PAGE_SIZE
from emulator.cpu.binding import NEVER
from emulator.cpu.engine import Engine
from emulator.errors import UsageError
from emulator.machine.device import BusFault, Device, Platform
from emulator.machine.events import EventQueue
from emulator.machine.memory import Memory
from emulator.machine.stop import StopReason


class Bus(Platform):
    """Routes accesses to devices by page and events to devices by name."""

    def __init__(self, engine: Engine, memory: Memory, stop: Callable[[StopReason], None]) -> None:
        self._engine = engine
        self._memory = memory
        self._stop = stop
        self._pages: dict[int, Device] = {}
        self._event_time: int | None = None
        self.devices: dict[str, Device] = {}
        self.events = EventQueue()

    def attach(self, device: Device) -> None:
        """Raises UsageError when its page does not exist or is taken."""
        taken = {DevicePage.INTERRUPTS, *self._pages}  # the engine itself is the interrupt controller
        if not 0 <= device.page < DEVICE_PAGES or device.page in taken or device.name in self.devices:
            raise UsageError(f"device {device.name}: page {device.page} does not exist or is taken")
        self._pages[device.page] = device
        self.devices[device.name] = device
        device.attach(self)

    def in_page_order(self) -> list[Device]:
        """All devices, in an order that does not depend on who attached them when."""
        return sorted(self.devices.values(), key=lambda device: device.page)

    def read_register(self, cpu: int, offset: int, size: int) -> int | None:
        """``offset`` from DEVICE_PHYSICAL; None when no register answers."""
        device = self._pages.get(offset // PAGE_SIZE)
        if device is None:
            return None
        try:
            return device.read(cpu, offset % PAGE_SIZE, size)
        except BusFault:
            return None

    def write_register(self, cpu: int, offset: int, size: int, value: int) -> bool:
        """False when no register answers."""
        device = self._pages.get(offset // PAGE_SIZE)
        if device is None:
            return False
        try:
            device.write(cpu, offset % PAGE_SIZE, size, value)
        except BusFault:
            return False
        return True

    def run_events(self, now: int) -> None:
        """Everything due up to machine time ``now``; a device sees the event's own time."""
        while (event := self.events.take_due(now)) is not None:
            self._event_time = event.time
            self.devices[event.device].event(event)
        self._event_time = None
        self.announce_next_event()

    def announce_next_event(self) -> None:
        """Tells the engine up to where it can run without asking."""
        next_time = self.events.next_time
        self._engine.set_next_event(NEVER if next_time is None else next_time)

    def now(self) -> int:
        """Virtual ns: of the event, of the CPU whose access is served, or the machine's."""
        return self._engine.now if self._event_time is None else self._event_time

    def schedule(self, device: Device, delay_ns: int, kind: int, *values: int) -> int:
        """``device.event`` will be called ``delay_ns`` from now. Returns the event's sequence number."""
        sequence = self.events.schedule(self.now() + delay_ns, device.name, kind, values)
        self.announce_next_event()
        return sequence

    def cancel(self, sequence: int) -> None:
        """The event will not happen; one that already has is ignored."""
        self.events.cancel(sequence)
        self.announce_next_event()

    def set_line(self, line: int, level: bool) -> None:
        """Level of an interrupt line. Raises UsageError for a line that does not exist."""
        if not 0 <= line < LINES:
            raise UsageError(f"interrupt line {line}: 0 to {LINES - 1}")
        self._engine.set_line(line, level)

    def read_memory(self, physical: int, size: int) -> bytes:
        """Bytes of RAM. Raises BusFault outside it."""
        return self._memory.read(physical, size)

    def write_memory(self, physical: int, data: bytes) -> None:
        """Stores to RAM. Raises BusFault outside it."""
        self._memory.write(physical, data)

    def invalidate_code(self, physical: int, size: int) -> None:
        """Instructions there were changed: every CPU drops its translations before its next block."""
        del physical, size
        self._engine.flush_code()

    def inject(self, cpu: int, vector: int) -> bool:
        """The CPU takes an exception; 0x100 whatever MSR[EE] is, but not while MSR[RI] is 0.

        False when the CPU is off, or one that was injected before is still pending: then nothing happens.
        """
        return self._engine.inject(cpu, vector)

    def request_stop(self, reason: StopReason) -> None:
        """The run loop stops at the next block boundary."""
        self._stop(reason)
