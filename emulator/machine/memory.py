"""Physical RAM: bytes at 0 .. size-1, the same for all CPUs and devices."""

from emulator.cpu.engine import Engine
from emulator.machine.device import BusFault


class Memory:
    """Reads and writes RAM. A changed instruction or page table needs the engine's flushes besides."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._ram = engine.ram

    @property
    def size(self) -> int:
        """Bytes."""
        return self._engine.ram_bytes

    def read(self, physical: int, size: int) -> bytes:
        """Raises BusFault outside RAM."""
        self._check(physical, size)
        return bytes(self._ram[physical : physical + size])

    def write(self, physical: int, data: bytes) -> None:
        """Raises BusFault outside RAM."""
        self._check(physical, len(data))
        self._ram[physical : physical + len(data)] = data

    def read_word(self, physical: int, size: int = 8) -> int:
        """A big-endian number. Raises BusFault outside RAM."""
        return int.from_bytes(self.read(physical, size), "big")

    def write_word(self, physical: int, value: int, size: int = 8) -> None:
        """A big-endian number. Raises BusFault outside RAM."""
        self.write(physical, value.to_bytes(size, "big"))

    def _check(self, physical: int, size: int) -> None:
        if physical < 0 or size < 0 or physical + size > self.size:
            raise BusFault(f"no memory at physical {physical:#x}, {size} bytes")
