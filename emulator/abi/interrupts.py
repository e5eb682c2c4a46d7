"""Registers of the interrupt controller (page DevicePage.INTERRUPTS).

Sources 0..15 are the external lines (:class:`~emulator.abi.devices.Line`), each routed to one CPU; sources
16..31 are messages between CPUs, which every CPU has for itself. A CPU takes the external interrupt (0x500)
while a source is pending that it enables, that is not in service, and whose priority is greater than its own.
Registers marked (CPU) exist once for each CPU: an access reaches those of the CPU that makes it.
"""

from enum import IntEnum
from typing import Final

MESSAGE_SOURCE: Final = 16
"""Source number of message 0."""
MESSAGES: Final = 16
INTERRUPT_SOURCES: Final = 32
NO_SOURCE: Final = 0xFFFF_FFFF_FFFF_FFFF
INTERRUPT_PRIORITY_DEFAULT: Final = 8
INTERRUPT_PRIORITY_MAX: Final = 15


class InterruptRegister(IntEnum):
    """Offsets in the page."""

    CLAIM = 0x00
    """Read (CPU): the pending source of highest priority, or NO_SOURCE. A line is in service until END, a
    message is used up."""
    END = 0x08
    """Write: a source is no longer in service; a line that is still high interrupts again."""
    ENABLE = 0x10
    """Read, write (CPU): bit n = source n may interrupt. 0 after reset."""
    PRIORITY = 0x18
    """Read, write (CPU): 0..15; only sources of higher priority interrupt. 0 after reset."""
    PENDING = 0x20
    """Read (CPU): bit n = source n is pending, enabled or not."""
    SEND = 0x28
    """Write: target CPU << 8 | message 0..15."""
    SET_ASIDE = 0x30
    """Read (CPU): id of the thread that a schedule holds here (see Message.SET_ASIDE), 0 = none. Reading
    clears."""
    RELEASE = 0x38
    """Read: id of the next thread that the schedule lets go on, 0 = none. Reading takes it."""
    SOURCE = 0x200
    """Read, write: 32 registers, one for each source: priority << 8 | CPU that a line is routed to. Priority
    8, CPU 0 after reset; priority 0 never interrupts."""


class Message(IntEnum):
    """Messages with a fixed meaning; the kernel uses the lower ones as it likes."""

    RELEASE = 14
    """Sent by the machine: read RELEASE until it gives 0, and make those threads runnable."""
    SET_ASIDE = 15
    """Sent by the machine when a thread that the schedule holds has reached its address, with interrupts on:
    the interrupted thread, whose id SET_ASIDE gives, is not run (but stays counted) until it is released."""
