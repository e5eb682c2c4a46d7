"""What ``file-storm`` or ``cache-storm`` may have left on a disk, from the marks that their clients set."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from emulator.abi.disk import DISK_BLOCK_SIZE
from emulator.abi.marks import FileMark
from emulator.filesystem import Image, Node, Tree
from emulator.monitor.guest_calls import Mark

_MASK: Final = (1 << 64) - 1
_STEP: Final = 0x9E37_79B9_7F4A_7C15
_PAGES_MAX: Final = 14
_BLANK: Final = bytes(DISK_BLOCK_SIZE)


@dataclass(frozen=True)
class Version:
    """One version of one file, as guest_kernel/workload/file_storm.h has it."""

    number: int
    """Client, slot, incarnation and version, as in a mark."""

    @property
    def pages(self) -> int:
        """Pages of this version."""
        return 1 + _first_random(self.number) % _PAGES_MAX

    @property
    def length(self) -> int:
        """Bytes of this version."""
        return self.pages * DISK_BLOCK_SIZE - (self.number & 0xFFFF) % 3 * 100

    def page(self, index: int) -> bytes:
        """The contents of a page."""
        base = (self.number + index * 0x1_0001 + 1) * _STEP
        words = [self.number, index, *((base + word) & _MASK for word in range(2, DISK_BLOCK_SIZE // 8))]
        return struct.pack(f">{len(words)}Q", *words)


@dataclass
class StormFile:
    """What is known of one file."""

    base: int
    """Its number without a version."""
    synced: int = 0
    """The newest version that survives."""
    begun: int = 0
    """The newest version of which anything may be there."""
    may_be_gone: bool = False
    must_be_gone: bool = False
    through_caches: bool = False
    """What a page holds beyond the end of its version is nobody's."""

    @property
    def path(self) -> str:
        """Its name."""
        client, slot, incarnation = self.base >> 48, self.base >> 40 & 0xFF, self.base >> 16 & 0xFFFF
        return f"/storm-{client}/{slot}-{incarnation}"

    def versions(self) -> list[Version]:
        """Those that may be there, whole or in part."""
        return [Version(self.base | number) for number in range(self.synced, self.begun + 1) if number]

    def problems(self, image: Image, node: Node | None) -> Iterator[str]:
        """What is wrong with it on a disk that lost its power."""
        if node is None:
            if self.synced and not self.may_be_gone:
                yield f"{self.path}: version {self.synced} was synced and is gone"
            return
        if self.must_be_gone:
            yield f"{self.path}: its removal was synced and it is there"
        lengths = [version.length for version in self.versions()]
        if not self.synced:
            lengths.append(0)
        if node.inode.length not in lengths:
            yield f"{self.path}: {node.inode.length} bytes, none of {lengths}"
        pages = -(-node.inode.length // DISK_BLOCK_SIZE)
        for index, block in enumerate(image.blocks_of(node.inode)[:pages]):
            data = image.block(block) if block else _BLANK
            if self.through_caches:
                data = data[: node.inode.length - index * DISK_BLOCK_SIZE]
            yield from self._page_problems(index, data)

    def _page_problems(self, index: int, data: bytes) -> Iterator[str]:
        versions = self.versions()
        holed = not self.synced or any(index >= version.pages for version in versions)
        if data == _BLANK[: len(data)] and holed:
            return
        if not any(index < version.pages and self._is_page(version, index, data) for version in versions):
            number, page = struct.unpack(">QQ", data[:16])
            expected = f"versions {self.synced} to {self.begun}"
            yield f"{self.path}: page {index} holds {number:#x} page {page}, expected {expected}"

    def _is_page(self, version: Version, index: int, data: bytes) -> bool:
        end = version.length - index * DISK_BLOCK_SIZE if self.through_caches else DISK_BLOCK_SIZE
        return data[:end] == version.page(index)[: len(data)][:end]


@dataclass
class Storm:
    """All files of a storm, from its marks up to some moment."""

    through_caches: bool = False
    files: dict[int, StormFile] = field(default_factory=dict)

    @classmethod
    def of(cls, marks: Iterable[Mark], *, through_caches: bool = False) -> Storm:
        """From what the machine has noted so far; ``through_caches``: it is ``cache-storm``."""
        storm = cls(through_caches)
        for mark in marks:
            if mark.id >> 56 in list(FileMark):
                storm._note(FileMark(mark.id >> 56), mark.id & (1 << 56) - 1)
        return storm

    def _note(self, kind: FileMark, number: int) -> None:
        version, base = number & 0xFFFF, number & ~0xFFFF
        file = self.files.setdefault(base, StormFile(base, through_caches=self.through_caches))
        match kind:
            case FileMark.WRITES:
                file.begun = version
            case FileMark.SYNCED:
                file.synced = version
            case FileMark.REMOVES:
                file.may_be_gone = True
            case FileMark.REMOVAL_SYNCED:
                file.must_be_gone = True

    def problems(self, image: Image) -> list[str]:
        """What a disk lacks or should not have; each is one line."""
        nodes = {node.path: node for node in Tree(image).walk() if not node.inode.is_directory}
        found = [
            problem
            for file in self.files.values()
            for problem in file.problems(image, nodes.pop(file.path, None))
        ]
        return found + [f"{path}: nobody made it" for path in nodes if path.startswith("/storm-")]


def _first_random(seed: int) -> int:
    """The first number of SplitMix64."""
    z = (seed + _STEP) & _MASK
    z = (z ^ z >> 30) * 0xBF58_476D_1CE4_E5B9 & _MASK
    z = (z ^ z >> 27) * 0x94D0_49BB_1331_11EB & _MASK
    return z ^ z >> 31
