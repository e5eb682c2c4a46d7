"""Registers of the power page: the end of a run, and the watchdog that ends code which never ends itself."""

from enum import IntEnum
from typing import Final


class PowerRegister(IntEnum):
    """Byte offsets of 8-byte registers."""

    COMMAND = 0x00
    """W: a PowerCommand. The machine stops at the next block boundary; the store itself completes."""
    WATCHDOG = 0x08
    """RW: virtual ns at which this CPU takes a system reset (0x100), whatever MSR[EE] is.

    Each CPU has its own behind this one offset. It fires once and then reads WATCHDOG_NEVER, which also turns
    it off. The exception stays pending while MSR[RI] is 0, so that it never destroys SRR0 and SRR1 in use.
    """


class PowerCommand(IntEnum):
    """Values of PowerRegister.COMMAND."""

    OFF = 1
    RESET = 2


WATCHDOG_NEVER: Final = 0xFFFF_FFFF_FFFF_FFFF
