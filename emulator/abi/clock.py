"""Registers of the clock (page DevicePage.CLOCK)."""

from enum import IntEnum
from typing import Final

CLOCK_FREQUENCY_HZ: Final = 1_000_000_000


class ClockRegister(IntEnum):
    """Offsets in the page."""

    NOW = 0x00
    """Read: virtual ns at the access, monotonic across CPUs; the hypercall CLOCK_READ gives the same."""
    FREQUENCY = 0x08
    """Read: CLOCK_FREQUENCY_HZ."""
