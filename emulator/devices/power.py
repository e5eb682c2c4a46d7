"""Power: the guest ends its run, and each CPU's watchdog."""

from typing import Final

from emulator.abi.devices import DevicePage
from emulator.abi.memory_map import MAX_CPUS
from emulator.abi.power import WATCHDOG_NEVER, PowerCommand, PowerRegister
from emulator.abi.values import Value, integer, items
from emulator.devices.registers import RegisterDevice
from emulator.machine.device import BusFault, Event
from emulator.machine.stop import StopReason

SYSTEM_RESET_VECTOR: Final = 0x100
RETRY_NS: Final = 1_000
"""Until the next attempt, when another injected exception is still pending."""
_NO_EVENT: Final = 0


class Power(RegisterDevice):
    """Register page: :class:`emulator.abi.power.PowerRegister`."""

    def __init__(self) -> None:
        super().__init__(
            DevicePage.POWER,
            {PowerRegister.WATCHDOG: lambda cpu: self._deadlines[cpu]},
            {PowerRegister.COMMAND: self._command, PowerRegister.WATCHDOG: self._set_watchdog},
        )
        self._last: PowerCommand | None = None
        self._deadlines = [WATCHDOG_NEVER] * MAX_CPUS
        self._events = [_NO_EVENT] * MAX_CPUS

    @property
    def last_command(self) -> PowerCommand | None:
        """What ended the run; None while the guest has not asked. RESET asks the host to boot again."""
        return self._last

    def _command(self, _cpu: int, value: int) -> None:
        if value not in (PowerCommand.OFF, PowerCommand.RESET):
            raise BusFault(f"power: unknown command {value:#x}")
        self._last = PowerCommand(value)
        self.platform.request_stop(StopReason.HALTED)

    def _set_watchdog(self, cpu: int, deadline: int) -> None:
        if self._deadlines[cpu] != WATCHDOG_NEVER:
            self.platform.cancel(self._events[cpu])
        self._deadlines[cpu] = deadline
        if deadline != WATCHDOG_NEVER:
            delay = max(0, deadline - self.platform.now())
            self._events[cpu] = self.platform.schedule(self, delay, 0, cpu)

    def event(self, event: Event) -> None:
        """A CPU's watchdog is due."""
        (cpu,) = event.values
        if self.platform.inject(cpu, SYSTEM_RESET_VECTOR):
            self._deadlines[cpu] = WATCHDOG_NEVER
        else:
            self._events[cpu] = self.platform.schedule(self, RETRY_NS, 0, cpu)

    def _state_values(self) -> list[Value]:
        last = 0 if self._last is None else int(self._last)
        return [last, list(self._deadlines), list(self._events)]

    def _set_state_values(self, values: list[Value]) -> None:
        last = integer(values[0])
        self._last = PowerCommand(last) if last else None
        self._deadlines = [integer(value) for value in items(values[1])]
        self._events = [integer(value) for value in items(values[2])]
