"""What a disk stores: a host file that is never altered, blocks written since, and a volatile write cache."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from emulator.abi.disk import DISK_BLOCK_SIZE
from emulator.abi.values import MalformedValues, Value, blob, integer, items
from emulator.errors import UsageError

CACHE_BLOCKS: Final = 1024
"""Writes that the cache holds; one more makes the oldest durable."""
_DIGEST_BYTES: Final = 32


class Medium:
    """``blocks`` blocks of DISK_BLOCK_SIZE bytes, zero where neither the file nor a write says otherwise.

    Writes are volatile until :meth:`flush`, or until the cache needs room. The file must not change while the
    medium is in use.
    """

    def __init__(self, blocks: int, base: Path | None = None) -> None:
        """``blocks`` 0 means as many as the file needs. Raises UsageError for a file that cannot be used."""
        self._base = base
        self._base_blocks = 0 if base is None else _file_blocks(base)
        self.blocks = blocks or self._base_blocks
        if self._base_blocks > self.blocks:
            raise UsageError(f"disk image {base} has {self._base_blocks} blocks, the disk only {self.blocks}")
        self._base_digest: bytes | None = None
        self._durable: dict[int, bytes] = {}
        self._cache: list[tuple[int, bytes]] = []
        self._newest: dict[int, bytes] = {}

    def read(self, block: int) -> bytes:
        """The newest contents of a block. Raises OSError when the host file fails."""
        if block in self._newest:
            return self._newest[block]
        return self.read_durable(block)

    def write(self, block: int, data: bytes) -> None:
        """Puts a block into the cache."""
        self._cache.append((block, data))
        self._newest[block] = data
        if len(self._cache) > CACHE_BLOCKS:
            self._evict_oldest()

    def flush(self) -> None:
        """Makes every write durable."""
        self._durable.update(self._cache)
        self._forget_cache()

    def power_cut(self, seed: int, cut: int) -> tuple[int, int]:
        """Each cached write is kept or lost, on its own; returns how many were kept and lost.

        Write number i (0: oldest) of power cut number ``cut`` is kept if the first bit of
        BLAKE2b("disk power cut:SEED:CUT:I") is set. Kept writes reach the medium in their order.
        """
        kept = 0
        for index, (block, data) in enumerate(self._cache):
            digest = hashlib.blake2b(f"disk power cut:{seed}:{cut}:{index}".encode(), digest_size=8).digest()
            if digest[0] & 0x80:
                self._durable[block] = data
                kept += 1
        lost = len(self._cache) - kept
        self._forget_cache()
        return kept, lost

    @property
    def unflushed(self) -> int:
        """Writes that a power cut could lose."""
        return len(self._cache)

    def export(self, path: Path) -> None:
        """Writes the durable contents to a host file, which may be the one the medium started from.

        Raises UsageError when the file cannot be written.
        """
        try:
            contents = [self.read_durable(block) for block in range(self.blocks)]
            path.write_bytes(b"".join(contents))
        except OSError as error:
            raise UsageError(f"disk image {path}: {error.strerror}") from error
        self._base_digest = None

    def state_values(self) -> list[Value]:
        """Everything but the file's own bytes, of which only a digest is kept."""
        return [
            self.blocks,
            self._digest_of_base(),
            [[block, data] for block, data in sorted(self._durable.items())],
            [[block, data] for block, data in self._cache],
        ]

    def set_state_values(self, values: list[Value]) -> None:
        """Raises UsageError for a state over other contents of the file, MalformedValues for damage."""
        if integer(values[0]) != self.blocks or blob(values[1]) != self._digest_of_base():
            raise UsageError("the saved disk lies over another disk image than this machine's: give the same")
        self._durable = dict(self._saved_blocks(values[2]))
        self._cache = list(self._saved_blocks(values[3]))
        self._newest = dict(self._cache)

    def _saved_blocks(self, rows: Value) -> Iterator[tuple[int, bytes]]:
        for row in map(items, items(rows)):
            block, data = integer(row[0]), blob(row[1])
            if block >= self.blocks or len(data) != DISK_BLOCK_SIZE:
                raise MalformedValues(f"disk block {block} with {len(data)} bytes")
            yield block, data

    def read_durable(self, block: int) -> bytes:
        """What a power cut now would surely leave, unless the cache is kept. Raises OSError."""
        if block in self._durable:
            return self._durable[block]
        return self._read_base(block)

    def _read_base(self, block: int) -> bytes:
        if self._base is None or block >= self._base_blocks:
            return bytes(DISK_BLOCK_SIZE)
        with self._base.open("rb") as file:
            file.seek(block * DISK_BLOCK_SIZE)
            return file.read(DISK_BLOCK_SIZE).ljust(DISK_BLOCK_SIZE, b"\0")

    def _evict_oldest(self) -> None:
        block, data = self._cache.pop(0)
        self._durable[block] = data
        if self._newest[block] is data:
            del self._newest[block]

    def _forget_cache(self) -> None:
        self._cache.clear()
        self._newest.clear()

    def _digest_of_base(self) -> bytes:
        if self._base_digest is None:
            digest = hashlib.blake2b(digest_size=_DIGEST_BYTES)
            for block in range(self._base_blocks):
                digest.update(self._read_base(block))
            self._base_digest = digest.digest()
        return self._base_digest


def _file_blocks(path: Path) -> int:
    try:
        with path.open("rb"):
            return -(-path.stat().st_size // DISK_BLOCK_SIZE)
    except OSError as error:
        raise UsageError(f"disk image {path}: {error.strerror}") from error
