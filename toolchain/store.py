"""Build results in the user's cache, each under the digest of everything that it depends on.

Entries are immutable and appear whole, so builds in several processes and checkouts share the cache.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from emulator.errors import BuildError

CACHE_BYTES: Final = 1 << 30
"""What is least recently used goes when the cache has grown beyond this many bytes."""
IN_USE_SECONDS: Final = 24 * 60 * 60
"""What was asked for so recently stays whatever the size: who asked may hold its path, and read it later."""


def digest(parts: Iterable[bytes | str]) -> str:
    """BLAKE2b (160 bits, hex) of the parts, each with its length, so that none runs into the next."""
    whole = bytearray()
    for part in parts:
        data = part.encode(errors="surrogateescape") if isinstance(part, str) else part
        whole += len(data).to_bytes(8, "big")
        whole += data
    return hashlib.blake2b(whole, digest_size=20).hexdigest()


@dataclass(frozen=True)
class Store:
    """A directory of entries ``kind/key/name``."""

    directory: Path

    def path(self, kind: str, key: str, name: str) -> Path:
        """Where an entry lies, or would."""
        return self.directory / kind / key / name

    def find(self, kind: str, key: str, name: str) -> Path | None:
        """An entry's path, noted as used; None when there is none."""
        path = self.path(kind, key, name)
        try:
            os.utime(path)
        except OSError:
            return None
        return path

    def put(self, kind: str, key: str, name: str, data: bytes) -> Path:
        """Adds an entry and returns its path. Raises BuildError when the directory cannot be written."""
        path = self.path(kind, key, name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=path.parent)
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(temporary).replace(path)
        except OSError as error:
            raise BuildError(f"the cache {self.directory} cannot be written: {error.strerror}") from None
        return path

    def trim(self, limit: int = CACHE_BYTES) -> None:
        """Removes the least recently used entries, but for those in use, until ``limit`` bytes are left."""
        used_since = time.time() - IN_USE_SECONDS
        files = [(path, path.stat()) for path in self.directory.glob("*/*/*") if path.is_file()]
        total = sum(status.st_size for _, status in files)
        for path, status in sorted(files, key=lambda item: item[1].st_mtime):
            if total <= limit or status.st_mtime > used_since:
                break
            path.unlink(missing_ok=True)
            total -= status.st_size
