"""Device pages and interrupt lines.

Device ``page`` occupies PAGE_SIZE bytes at DEVICE_PHYSICAL + page * PAGE_SIZE; the kernel maps the pages,
uncached in principle, at DEVICE_BASE. Registers are 8 bytes wide and reached by aligned 8-byte loads and
stores only; anything else, and an offset that no register has, is a machine check.
"""

from enum import IntEnum
from typing import Final

REGISTER_SIZE: Final = 8


class DevicePage(IntEnum):
    """Index of a device's register page."""

    CONSOLE = 0
    INTERRUPTS = 1
    CLOCK = 2
    DISK = 3
    LOADER = 4
    POWER = 5
    MAILBOX = 6


DEVICE_PAGES: Final = 7


class Line(IntEnum):
    """External interrupt lines into the interrupt controller. All are level-sensitive."""

    CONSOLE = 0
    DISK = 1
    LOADER = 2
    MAILBOX = 3


LINES: Final = 16
