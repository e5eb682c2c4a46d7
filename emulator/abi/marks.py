"""Markers that have a meaning to the host's schedule (hypercall MARK)."""

from enum import IntEnum


class HoldMark(IntEnum):
    """Between in-guest tests of interleavings and whoever drives the schedule. Nobody needs to heed them."""

    HOLD_FROM_HERE = 0x1_0001
    """The thread that calls may be held at any instruction from here on."""
    LET_GO = 0x1_0002
    """The thread that is held, if one is, may go on."""


class DiskMark(IntEnum):
    """Where the in-guest test of a disk that answers during a hot-swap has come to, for whoever watches."""

    MAY_ANSWER_IN_BLOCK = 0x2_0001
    """The swap is in block: an interrupt of the disk that comes now comes in block."""
    HAS_ANSWERED_IN_BLOCK = 0x2_0002
    """It has come, and the swap is still in block."""
    MAY_ANSWER_AFTER_THE_SWAP = 0x2_0003
    """The swap has ended, and another reader waits for the disk."""


class FileMark(IntEnum):
    """What a client of the workload ``file-storm`` does: bits 56..63 of a mark's id.

    The rest says of which file: client in bits 48..55, slot 40..47, incarnation 16..31, version 0..15.
    """

    WRITES = 0x51
    """It begins to write this version; the file is made where it does not exist."""
    SYNCED = 0x52
    """This version survives a power cut."""
    REMOVES = 0x53
    """It begins to remove the file."""
    REMOVAL_SYNCED = 0x54
    """The removal survives a power cut."""
