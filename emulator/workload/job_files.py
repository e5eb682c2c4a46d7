"""The files of the job mix on the disk, chunk by chunk (guest_kernel/workload/job_files.h has the layout)."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from emulator.filesystem import Tree

CHUNK_SIZE: Final = 1024
MAX_CHUNKS: Final = 24
FILES_OF_CLIENT: Final = 4
_WORDS: Final = CHUNK_SIZE // 8
_STEP: Final = 0x9E3779B97F4A7C15
_MASK: Final = (1 << 64) - 1
_PATH: Final = re.compile(r"/client(\d+)/file(\d+)")


@dataclass(frozen=True)
class KeptFiles:
    """What clients have left, and every chunk that is not as any of them wrote it."""

    files: int
    bytes: int
    digest: int
    """The guest's own, where the disk has what its clients know to be in their files."""
    problems: tuple[str, ...]


def read_kept_files(tree: Tree) -> KeptFiles:
    """Of all clients that the file system has directories of."""
    files, size, digest, problems = 0, 0, 0, []
    for client, number, data in _files(tree):
        files += 1
        size += len(data)
        for index in range(-(-len(data) // CHUNK_SIZE)):
            chunk = data[index * CHUNK_SIZE : (index + 1) * CHUNK_SIZE]
            label, stamp = struct.unpack(">QQ", chunk[:16].ljust(16, b"\0"))
            place = (client * FILES_OF_CLIENT + number) * MAX_CHUNKS + index
            digest += _mixed(_mixed(_mixed(place) ^ label) ^ stamp)
            if chunk != expected_chunk(label, stamp):
                problems.append(f"/client{client}/file{number}: chunk {index} is not what was ever written")
    return KeptFiles(files, size, digest & _MASK, tuple(problems))


def expected_chunk(label: int, stamp: int) -> bytes:
    """The bytes of a chunk; the rest follows from its first two words."""
    rest = ((stamp + index * _STEP) & _MASK if stamp else 0 for index in range(2, _WORDS))
    return struct.pack(f">{_WORDS}Q", label, stamp, *rest)


def _files(tree: Tree) -> Iterator[tuple[int, int, bytes]]:
    for node in tree.walk():
        found = _PATH.fullmatch(node.path)
        if found is not None:
            yield int(found[1]), int(found[2]), tree.read(node.path)


def _mixed(value: int) -> int:
    """The first number of the guest's SplitMix64 (guest_kernel/workload/random.h) from this seed."""
    z = (value + _STEP) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)
