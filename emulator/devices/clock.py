"""The clock: virtual time as a device. The hypercall CLOCK_READ gives the same without a bus access."""

from collections.abc import Callable

from emulator.abi.clock import CLOCK_FREQUENCY_HZ, ClockRegister
from emulator.abi.devices import DevicePage
from emulator.abi.values import Value
from emulator.devices.registers import RegisterDevice


class Clock(RegisterDevice):
    """Register page: :class:`emulator.abi.clock.ClockRegister`. It has no state of its own.

    The time comes from the engine, which keeps it monotonic across CPUs.
    """

    def __init__(self, read_clock: Callable[[int], int]) -> None:
        """``read_clock`` gives the time that a CPU reads: ``hardware.engine.read_clock``."""
        super().__init__(
            DevicePage.CLOCK,
            {ClockRegister.NOW: read_clock, ClockRegister.FREQUENCY: lambda _cpu: CLOCK_FREQUENCY_HZ},
            {},
        )

    def _state_values(self) -> list[Value]:
        return []

    def _set_state_values(self, values: list[Value]) -> None:
        if values:
            raise ValueError(f"{len(values)} values, there are none")
