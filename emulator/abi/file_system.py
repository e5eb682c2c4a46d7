"""What the file system keeps on the disk; the guest writes it, the host checks and reads it.

From the first block on: superblock, log, block map, inode table, data. Blocks are the disk's own
(DISK_BLOCK_SIZE) and are named by their number on the disk; 0 means none. The blocks before the
superblock are not the file system's.
"""

from enum import IntEnum
from typing import Final

from emulator.abi.layout import U16, U32, U64, Array, Chars, Field, Record

FILE_SYSTEM_FIRST_BLOCK: Final = 256
"""Where the superblock is; what lies before is left to who uses the disk by the block."""
FILE_SYSTEM_MAGIC: Final = 0x4556_4752_4649_4C45
"""``EVGRFILE``, in the superblock."""
FILE_SYSTEM_VERSION: Final = 1
FILE_SYSTEM_BLOCKS_MIN: Final = 1024
"""Blocks of the smallest disk that gets a file system."""
FILE_SYSTEM_BLOCKS_MAX: Final = 262144
"""Of a larger disk the rest is not used: every block of the map fits into one transaction."""
LOG_BLOCKS: Final = 128
LOG_MAGIC: Final = 0x4556_4752_4C4F_4721
"""``EVGRLOG!``, in each transaction's first block."""
LOG_TRANSACTION_MAX: Final = 60
"""Blocks that one transaction changes at most, so that two fit behind an empty one."""
INODES_PER_BLOCK: Final = 64
INODES_PER_DISK_BLOCK: Final = 3
"""Inodes for each block of the disk, rounded up to whole blocks of inodes."""
INODE_DIRECT: Final = 10
"""Blocks that an inode names itself."""
INODE_INDIRECT: Final = 1024
"""Blocks that its indirect block names."""
FILE_BLOCKS_MAX: Final = INODE_DIRECT + INODE_INDIRECT
ROOT_INODE: Final = 1
FILE_NAME_SIZE: Final = 56
"""Of a name with its final zero."""
DIRECTORY_ENTRIES_PER_BLOCK: Final = 64
CHECKSUM_START: Final = 0xCBF2_9CE4_8422_2325
CHECKSUM_FACTOR: Final = 0x0000_0100_0000_01B3
"""Checksum of big-endian 64-bit words: from CHECKSUM_START, exclusive-or with each, times this, mod 2**64."""


class InodeType(IntEnum):
    """Inode.type."""

    FREE = 0
    FILE = 1
    DIRECTORY = 2


SUPERBLOCK_RECORD: Final = Record(
    "Superblock",
    Field("magic", U64, "FILE_SYSTEM_MAGIC"),
    Field("version", U64, "FILE_SYSTEM_VERSION"),
    Field("blocks", U64, "of the disk when it was formatted"),
    Field("log_first", U64, "LOG_BLOCKS of them"),
    Field("map_first", U64, "bit b, counted from the most significant of its first byte: block b is used"),
    Field("map_blocks", U64),
    Field("inode_first", U64),
    Field("inode_blocks", U64),
    Field("data_first", U64),
    Field("checksum", U64, "of the words before it"),
)

INODE_RECORD: Final = Record(
    "Inode",
    Field("type", U16, "InodeType"),
    Field("links", U16, "names; 0 for a file that was removed while it was open, which the next start frees"),
    Field("reserved", U32),
    Field("length", U64, "bytes; of a directory, whole blocks"),
    Field("direct", Array(U32, INODE_DIRECT), "its first blocks; 0: zeros"),
    Field("indirect", U32, "block of INODE_INDIRECT numbers, or 0"),
    Field("reserved2", U32),
)

DIRECTORY_ENTRY_RECORD: Final = Record(
    "DirectoryEntry",
    Field("inode", U32, "0: no entry"),
    Field("hash", U32, "of the name: its bytes from 5381, each time times 33 and exclusive-or"),
    Field("name", Chars(FILE_NAME_SIZE)),
)

LOG_HEADER_RECORD: Final = Record(
    "LogHeader",
    Field("magic", U64, "LOG_MAGIC"),
    Field("sequence", U64, "one more than that of the transaction before"),
    Field("checksum", U64, "of this block with 0 in this place and of the blocks that follow"),
    Field("count", U64, "blocks that follow, the new contents of `homes`"),
    Field("homes", Array(U32, LOG_TRANSACTION_MAX)),
)
