"""The schedule digest: a hash over every executed slice, the same however often the host looked."""

import hashlib
from typing import Final

RECORD_BYTES: Final = 16
CHUNK_BYTES: Final = 4096 * RECORD_BYTES
DIGEST_BYTES: Final = 32


class ScheduleDigest:
    """BLAKE2b, chained over chunks of 4,096 records so that its progress is plain data.

    A record is two 64-bit words in little-endian order: CPU and instructions executed, or for a directive
    that takes no time its kind << 32 | CPU and its amount or thread.
    """

    def __init__(self) -> None:
        self._chained = bytes(DIGEST_BYTES)
        self._open = b""

    def add(self, records: bytes) -> None:
        """Records as the engine gives them."""
        self._open += records
        while len(self._open) >= CHUNK_BYTES:
            self._chained = self._link(self._open[:CHUNK_BYTES])
            self._open = self._open[CHUNK_BYTES:]

    def hexadecimal(self) -> str:
        """64 digits: of all records up to now."""
        return self._link(self._open).hex()

    def get_state(self) -> bytes:
        """For a saved machine."""
        return self._chained + self._open

    def set_state(self, state: bytes) -> None:
        """Takes back what get_state gave."""
        self._chained, self._open = state[:DIGEST_BYTES], state[DIGEST_BYTES:]

    def _link(self, chunk: bytes) -> bytes:
        return hashlib.blake2b(self._chained + chunk, digest_size=DIGEST_BYTES).digest()
