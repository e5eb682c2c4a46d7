"""A disk with the guest's file system on it, as the guest would find it after replaying the log."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from emulator.abi.disk import DISK_BLOCK_SIZE
from emulator.abi.file_system import (
    CHECKSUM_FACTOR,
    CHECKSUM_START,
    FILE_SYSTEM_FIRST_BLOCK,
    FILE_SYSTEM_MAGIC,
    FILE_SYSTEM_VERSION,
    INODE_RECORD,
    INODES_PER_BLOCK,
    INODES_PER_DISK_BLOCK,
    LOG_BLOCKS,
    LOG_HEADER_RECORD,
    LOG_MAGIC,
    LOG_TRANSACTION_MAX,
    SUPERBLOCK_RECORD,
    InodeType,
)
from emulator.errors import UsageError

MAP_BITS: Final = DISK_BLOCK_SIZE * 8
"""Blocks that one block of the map speaks of."""
_MASK: Final = (1 << 64) - 1
_BLANK: Final = bytes(DISK_BLOCK_SIZE)


class Damaged(Exception):
    """There is no file system, or not even its outline can be read; the message says why."""


@dataclass(frozen=True)
class Geometry:
    """Where the file system has what, in blocks of the disk."""

    blocks: int
    log_first: int
    map_first: int
    map_blocks: int
    inode_first: int
    inode_blocks: int
    data_first: int

    @classmethod
    def of(cls, blocks: int) -> Self:
        """As the guest formats a disk of that size."""
        log_first = FILE_SYSTEM_FIRST_BLOCK + 1
        map_first = log_first + LOG_BLOCKS
        map_blocks = -(-blocks // MAP_BITS)
        inode_first = map_first + map_blocks
        inode_blocks = -(-blocks * INODES_PER_DISK_BLOCK // INODES_PER_BLOCK)
        data_first = inode_first + inode_blocks
        return cls(blocks, log_first, map_first, map_blocks, inode_first, inode_blocks, data_first)


@dataclass(frozen=True)
class Inode:
    """One file or directory, or a free place for one."""

    number: int
    type: int
    links: int
    length: int
    direct: tuple[int, ...]
    indirect: int

    @property
    def free(self) -> bool:
        """Whether it stands for nothing."""
        return self.type == InodeType.FREE

    @property
    def is_directory(self) -> bool:
        """Whether it holds names."""
        return self.type == InodeType.DIRECTORY


class Image:
    """Blocks by number, those in the log in their newest version; nothing of it is ever written."""

    def __init__(self, read_block: Callable[[int], bytes]) -> None:
        """``read_block`` gives the DISK_BLOCK_SIZE bytes of a block. Raises Damaged."""
        self._read_block = read_block
        self.geometry = _geometry(read_block(FILE_SYSTEM_FIRST_BLOCK))
        self._newest: dict[int, bytes] = {}
        self.transactions = 0
        """How many the log holds."""
        for homes, images in self._log():
            self._newest.update(zip(homes, images, strict=True))
            self.transactions += 1

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Of a whole disk's contents; blocks beyond are zero. Raises Damaged."""

        def read_block(block: int) -> bytes:
            part = data[block * DISK_BLOCK_SIZE : (block + 1) * DISK_BLOCK_SIZE]
            return part.ljust(DISK_BLOCK_SIZE, b"\0")

        return cls(read_block)

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Of a disk image. Raises UsageError when it cannot be read, Damaged."""
        try:
            return cls.from_bytes(path.read_bytes())
        except OSError as error:
            raise UsageError(f"disk image {path}: {error.strerror}") from error

    def block(self, number: int) -> bytes:
        """The newest contents."""
        return self._newest.get(number) or self._read_block(number)

    def inode(self, number: int) -> Inode:
        """One inode. Raises IndexError for a number that there is none of."""
        if not 0 <= number < self.geometry.inode_blocks * INODES_PER_BLOCK:
            raise IndexError(number)
        at = number % INODES_PER_BLOCK * INODE_RECORD.size
        block = self.block(self.geometry.inode_first + number // INODES_PER_BLOCK)
        return _inode(number, block[at : at + INODE_RECORD.size])

    def inodes(self) -> Iterator[Inode]:
        """Every one that is not free, but for inode 0, which is nothing."""
        for index in range(self.geometry.inode_blocks):
            block = self.block(self.geometry.inode_first + index)
            if block == _BLANK:
                continue
            for place in range(INODES_PER_BLOCK):
                at = place * INODE_RECORD.size
                inode = _inode(index * INODES_PER_BLOCK + place, block[at : at + INODE_RECORD.size])
                if inode.number and not inode.free:
                    yield inode

    def blocks_of(self, inode: Inode) -> list[int]:
        """The numbers of its blocks, page by page, 0 where it has none; without the indirect block."""
        if not inode.indirect:
            return list(inode.direct)
        indirect = self.block(inode.indirect)
        words = (indirect[at : at + 4] for at in range(0, DISK_BLOCK_SIZE, 4))
        return [*inode.direct, *(int.from_bytes(word, "big") for word in words)]

    def _log(self) -> Iterator[tuple[list[int], list[bytes]]]:
        position, expected = 0, None
        while position < LOG_BLOCKS:
            block = self._read_block(self.geometry.log_first + position)
            header = LOG_HEADER_RECORD.unpack(block)
            count, sequence = header.number("count"), header.number("sequence")
            if header.number("magic") != LOG_MAGIC or expected not in (None, sequence):
                return
            if count > LOG_TRANSACTION_MAX or position + 1 + count > LOG_BLOCKS:
                return
            first = self.geometry.log_first + position + 1
            images = [self._read_block(first + index) for index in range(count)]
            if header.number("checksum") != _sum_of_transaction(block, images):
                return
            yield list(header.numbers("homes"))[:count], images
            position, expected = position + 1 + count, sequence + 1


def checksum(data: bytes) -> int:
    """The checksum of the 64-bit words of ``data``."""
    total = CHECKSUM_START
    for at in range(0, len(data), 8):
        total = (total ^ int.from_bytes(data[at : at + 8], "big")) * CHECKSUM_FACTOR & _MASK
    return total


def _sum_of_transaction(header: bytes, images: list[bytes]) -> int:
    at = LOG_HEADER_RECORD.offset("checksum")
    return checksum(b"".join([header[:at], bytes(8), header[at + 8 :], *images]))


def _geometry(block: bytes) -> Geometry:
    values = SUPERBLOCK_RECORD.unpack(block)
    if values.number("magic") != FILE_SYSTEM_MAGIC:
        raise Damaged(f"block {FILE_SYSTEM_FIRST_BLOCK} is no superblock")
    if values.number("version") != FILE_SYSTEM_VERSION:
        raise Damaged(f"version {values.number('version')}, known is {FILE_SYSTEM_VERSION}")
    if values.number("checksum") != checksum(block[: SUPERBLOCK_RECORD.offset("checksum")]):
        raise Damaged("the superblock's checksum is wrong")
    geometry = Geometry.of(values.number("blocks"))
    names = ("log_first", "map_first", "map_blocks", "inode_first", "inode_blocks", "data_first")
    for name in names:
        if values.number(name) != getattr(geometry, name):
            raise Damaged(f"{name} is {values.number(name)}, not {getattr(geometry, name)}")
    return geometry


def _inode(number: int, data: bytes) -> Inode:
    values = INODE_RECORD.unpack(data)
    return Inode(
        number,
        values.number("type"),
        values.number("links"),
        values.number("length"),
        tuple(values.numbers("direct")),
        values.number("indirect"),
    )
