"""Markers that have a meaning to the host's schedule (hypercall MARK)."""

from enum import IntEnum


class HoldMark(IntEnum):
    """Between in-guest tests of interleavings and whoever drives the schedule. Nobody needs to heed them."""

    HOLD_FROM_HERE = 0x1_0001
    """The thread that calls may be held at any instruction from here on."""
    LET_GO = 0x1_0002
    """The thread that is held, if one is, may go on."""
