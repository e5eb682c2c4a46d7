"""Whether a file system is consistent: every inconsistency is one line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from emulator.abi.disk import DISK_BLOCK_SIZE
from emulator.abi.file_system import FILE_BLOCKS_MAX, FILE_NAME_SIZE, ROOT_INODE, InodeType
from emulator.abi.layout import Values
from emulator.filesystem.image import MAP_BITS, Damaged, Image, Inode
from emulator.filesystem.tree import Tree

_HASH_START = 5381


@dataclass(frozen=True)
class Report:
    """What a check found."""

    problems: tuple[str, ...]
    files: int = 0
    directories: int = 0
    """The root directory included."""
    nameless: int = 0
    """Files without a name, removed while they were open, which the next start frees."""
    blocks_used: int = 0
    """By files and directories."""
    transactions: int = 0
    """In the log."""

    @property
    def clean(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def check(read_block: Callable[[int], bytes]) -> Report:
    """Of the disk whose blocks ``read_block`` gives. Never raises for what is on it."""
    try:
        image = Image(read_block)
    except Damaged as error:
        return Report((str(error),))
    return _Check(image).report()


class _Check:
    def __init__(self, image: Image) -> None:
        self._image = image
        self._tree = Tree(image)
        self._inodes = {inode.number: inode for inode in image.inodes()}
        self._owners: dict[int, list[int]] = {}
        self._names: Counter[int] = Counter()

    def report(self) -> Report:
        problems = [
            *self._check_inodes(), *self._check_directories(), *self._check_links(), *self._check_map()
        ]  # fmt: skip
        types = Counter(inode.type for inode in self._inodes.values() if inode.links)
        return Report(
            tuple(problems),
            files=types[InodeType.FILE],
            directories=types[InodeType.DIRECTORY],
            nameless=sum(1 for inode in self._inodes.values() if not inode.links),
            blocks_used=len(self._owners),
            transactions=self._image.transactions,
        )

    def _check_inodes(self) -> Iterator[str]:
        for inode in self._inodes.values():
            if inode.type not in (InodeType.FILE, InodeType.DIRECTORY):
                yield f"inode {inode.number}: type {inode.type}"
            if inode.length > FILE_BLOCKS_MAX * DISK_BLOCK_SIZE:
                yield f"inode {inode.number}: {inode.length} bytes long"
            yield from self._check_blocks(inode)

    def _check_blocks(self, inode: Inode) -> Iterator[str]:
        first, end = self._image.geometry.data_first, self._image.geometry.blocks
        if inode.indirect and not first <= inode.indirect < end:
            yield f"inode {inode.number}: indirect block {inode.indirect} is no data block"
            return
        blocks = [inode.indirect, *self._image.blocks_of(inode)]
        for block in filter(None, blocks):
            if first <= block < end:
                self._owners.setdefault(block, []).append(inode.number)
            else:
                yield f"inode {inode.number}: block {block} is no data block"

    def _check_directories(self) -> Iterator[str]:
        root = self._inodes.get(ROOT_INODE)
        if root is None or not root.is_directory:
            yield "there is no root directory"
        for inode in self._inodes.values():
            if inode.is_directory:
                yield from self._check_directory(inode)

    def _check_directory(self, inode: Inode) -> Iterator[str]:
        where = f"directory {inode.number}"
        pages = inode.length // DISK_BLOCK_SIZE
        if inode.length % DISK_BLOCK_SIZE:
            yield f"{where}: {inode.length} bytes are no whole blocks"
        blocks = self._image.blocks_of(inode)
        if not all(blocks[:pages]) or any(blocks[pages:]):
            yield f"{where}: has not one block for each of its {pages} pages"
        seen: set[str] = set()
        for entry in self._tree.entries(inode):
            yield from self._check_entry(where, entry, seen)

    def _check_entry(self, where: str, entry: Values, seen: set[str]) -> Iterator[str]:
        name, number = entry.text("name"), entry.number("inode")
        if not name or "/" in name or len(name.encode()) >= FILE_NAME_SIZE:
            yield f"{where}: name {name!r}"
        if entry.number("hash") != hash_of(name):
            yield f"{where}: hash of {name!r} is {entry.number('hash'):#x}"
        if name in seen:
            yield f"{where}: {name!r} is there twice"
        seen.add(name)
        self._names[number] += 1
        if number not in self._inodes:
            yield f"{where}: {name!r} names inode {number}, which is free"

    def _check_links(self) -> Iterator[str]:
        self._names[ROOT_INODE] += 1
        for inode in self._inodes.values():
            if inode.links != self._names[inode.number]:
                yield f"inode {inode.number}: {inode.links} links, {self._names[inode.number]} names"
            if inode.links > 1:
                yield f"inode {inode.number}: {inode.links} links"
        yield from self._check_reachable()

    def _check_reachable(self) -> Iterator[str]:
        reached, left = {ROOT_INODE}, [ROOT_INODE]
        while left:
            inode = self._inodes.get(left.pop())
            if inode is None or not inode.is_directory:
                continue
            inside = {entry.number("inode") for entry in self._tree.entries(inode)} - reached
            reached |= inside
            left += inside
        for inode in self._inodes.values():
            if inode.links and inode.number not in reached:
                yield f"inode {inode.number}: not reached from the root directory"

    def _check_map(self) -> Iterator[str]:
        geometry = self._image.geometry
        for block, owners in sorted(self._owners.items()):
            if len(owners) > 1:
                yield f"block {block}: belongs to inodes {', '.join(map(str, owners))}"
        for index in range(geometry.map_blocks):
            first = index * MAP_BITS
            bits = int.from_bytes(self._image.block(geometry.map_first + index), "big")
            wrong = bits ^ self._expected_bits(first)
            while wrong:
                bit = wrong.bit_length() - 1
                state = "used" if bits >> bit & 1 else "free"
                yield f"block {first + MAP_BITS - 1 - bit}: {state} in the map, and should not be"
                wrong ^= 1 << bit

    def _expected_bits(self, first: int) -> int:
        """Of one block of the map: used are owned blocks, and all that are no data blocks."""
        geometry = self._image.geometry
        free_from, free_to = max(first, geometry.data_first), min(first + MAP_BITS, geometry.blocks)
        bits = (1 << MAP_BITS) - 1
        if free_from < free_to:
            bits ^= (1 << first + MAP_BITS - free_from) - (1 << first + MAP_BITS - free_to)
        for block in self._owners:
            if first <= block < first + MAP_BITS:
                bits |= 1 << first + MAP_BITS - 1 - block
        return bits


def hash_of(name: str) -> int:
    """As directory entries have it."""
    value = _HASH_START
    for byte in name.encode():
        value = (value * 33 & 0xFFFF_FFFF) ^ byte
    return value
