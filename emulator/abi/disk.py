"""Registers and commands of the disk.

A block is one page: DMA of a block never crosses a page, and what a power cut can tear is whole blocks.
"""

from enum import IntEnum, IntFlag
from typing import Final

from emulator.abi.layout import U64, Field, Record

DISK_BLOCK_SIZE: Final = 4096
DISK_TAGS: Final = 32
"""Commands in flight at most; tags are 0..DISK_TAGS-1, chosen by the driver."""
DISK_BLOCKS_MAX: Final = 256
"""Blocks of one command."""


class DiskRegister(IntEnum):
    """Byte offsets of 8-byte registers."""

    CAPACITY = 0x00
    """R: blocks of the medium; 0: no medium."""
    FLAGS = 0x08
    """R: DiskFlag bits."""
    SUBMIT = 0x10
    """W: physical address of a DiskCommand, copied by the store; its data buffer is used until completion."""
    COMPLETION = 0x18
    """R: takes the oldest completion: DISK_COMPLETION_VALID | -code << DISK_STATUS_SHIFT | tag; 0: none."""
    CONTROL = 0x20
    """RW: DiskControl bits."""


class DiskFlag(IntFlag):
    """Bits of DiskRegister.FLAGS."""

    READ_ONLY = 1


class DiskControl(IntFlag):
    """Bits of DiskRegister.CONTROL."""

    COMPLETION_INTERRUPT = 1
    """The disk's line is high while completions wait."""


class DiskOperation(IntEnum):
    """DiskCommand.operation."""

    READ = 1
    WRITE = 2
    """Volatile once complete: a power cut may lose it until a later FLUSH has completed."""
    FLUSH = 3


DISK_COMPLETION_VALID: Final = 0x8000_0000_0000_0000
DISK_STATUS_SHIFT: Final = 8
"""Bits 8..15 of a completion: the negated Code."""
DISK_TAG_MASK: Final = 0xFF

DISK_COMMAND_RECORD: Final = Record(
    "DiskCommand",
    Field("operation", U64, "DiskOperation"),
    Field("tag", U64, "0..DISK_TAGS-1, not in flight"),
    Field("block", U64, "first block"),
    Field("count", U64, "blocks, 1..DISK_BLOCKS_MAX; 0 for FLUSH"),
    Field("buffer", U64, "physical address, physically contiguous; 0 for FLUSH"),
)
