"""Registers of the console's page."""

from enum import IntEnum, IntFlag
from typing import Final


class ConsoleRegister(IntEnum):
    """Byte offsets of 8-byte registers."""

    TRANSMIT = 0x00
    """W: transmits the low byte."""
    TRANSMIT_BUFFER = 0x08
    """W: length << CONSOLE_LENGTH_SHIFT | physical address: transmits that buffer, at once and as a whole.

    One store is one line, so lines of several CPUs never mix.
    """
    RECEIVE = 0x10
    """R: takes the next received byte, or CONSOLE_EMPTY when none waits."""
    WAITING = 0x18
    """R: bytes received and not yet taken."""
    CONTROL = 0x20
    """RW: ConsoleControl bits."""


class ConsoleControl(IntFlag):
    """Bits of ConsoleRegister.CONTROL."""

    RECEIVE_INTERRUPT = 1
    """The console's line is high while received bytes wait."""


CONSOLE_EMPTY: Final = 0x100
CONSOLE_LENGTH_SHIFT: Final = 48
CONSOLE_LENGTH_MAX: Final = 0x1000
"""Bytes of one TRANSMIT_BUFFER store."""
