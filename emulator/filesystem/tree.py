"""Names, directories and contents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from emulator.abi.disk import DISK_BLOCK_SIZE
from emulator.abi.file_system import (
    DIRECTORY_ENTRIES_PER_BLOCK,
    DIRECTORY_ENTRY_RECORD,
    ROOT_INODE,
)
from emulator.abi.layout import Values
from emulator.filesystem.image import Image, Inode


@dataclass(frozen=True)
class Node:
    """What a path leads to."""

    path: str
    inode: Inode


class Tree:
    """Reads what an image holds; of a damaged one what can be read."""

    def __init__(self, image: Image) -> None:
        self.image = image

    def entries(self, directory: Inode) -> Iterator[Values]:
        """Its DirectoryEntry records that name something, with damage if there is any."""
        for block in self.image.blocks_of(directory)[: directory.length // DISK_BLOCK_SIZE]:
            if not block:
                continue
            data = self.image.block(block)
            for index in range(DIRECTORY_ENTRIES_PER_BLOCK):
                at = index * DIRECTORY_ENTRY_RECORD.size
                entry = DIRECTORY_ENTRY_RECORD.unpack(data[at : at + DIRECTORY_ENTRY_RECORD.size])
                if entry.number("inode"):
                    yield entry

    def list(self, path: str) -> list[str]:
        """The names in a directory, sorted. Raises KeyError when there is none of that path."""
        return sorted(entry.text("name") for entry in self.entries(self.find(path)))

    def find(self, path: str) -> Inode:
        """Raises KeyError when nothing has that path."""
        inode = self.image.inode(ROOT_INODE)
        for name in path.split("/")[1:] if path != "/" else ():
            found = [entry for entry in self.entries(inode) if entry.text("name") == name]
            if not inode.is_directory or not found:
                raise KeyError(path)
            inode = self.image.inode(found[0].number("inode"))
        return inode

    def read(self, path: str) -> bytes:
        """A file's contents. Raises KeyError when nothing has that path."""
        inode = self.find(path)
        pages = -(-inode.length // DISK_BLOCK_SIZE)
        blocks = self.image.blocks_of(inode)[:pages]
        data = b"".join(self.image.block(block) if block else bytes(DISK_BLOCK_SIZE) for block in blocks)
        return data.ljust(inode.length, b"\0")[: inode.length]

    def walk(self, path: str = "/") -> Iterator[Node]:
        """Everything below a directory, each directory before what is in it, in the order of names."""
        for name in self.list(path):
            node = Node(f"{path.rstrip('/')}/{name}", self.find(f"{path.rstrip('/')}/{name}"))
            yield node
            if node.inode.is_directory:
                yield from self.walk(node.path)
