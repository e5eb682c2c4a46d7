"""A page of 8-byte registers: the checks that every device of this package makes, in one place."""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import TypeAlias, TypeVar

from emulator.abi.devices import REGISTER_SIZE, DevicePage
from emulator.abi.values import MalformedValues, Value, pack_values, unpack_values
from emulator.errors import UsageError
from emulator.machine.device import BusFault, Device, Platform

Reader: TypeAlias = Callable[[int], int]
"""(cpu) -> the register's value, 0..2**64-1."""
Writer: TypeAlias = Callable[[int, int], None]
"""(cpu, value)."""
_Handler = TypeVar("_Handler")


class RegisterDevice(Device):
    """A device whose subclass names its registers in two tables and gives its state as values."""

    name: str
    page: int
    platform: Platform

    def __init__(
        self, page: DevicePage, readers: Mapping[int, Reader], writers: Mapping[int, Writer]
    ) -> None:
        self.page = int(page)
        self.name = page.name.lower()
        self._readers = readers
        self._writers = writers

    def attach(self, platform: Platform) -> None:
        """Called once by the machine, before any access."""
        self.platform = platform

    def read(self, cpu: int, offset: int, size: int) -> int:
        """Raises BusFault unless an aligned 8-byte register that can be read is at ``offset``."""
        return self._find(self._readers, offset, size, "load")(cpu)

    def write(self, cpu: int, offset: int, size: int, value: int) -> None:
        """Raises BusFault unless an aligned 8-byte register that can be written is at ``offset``."""
        self._find(self._writers, offset, size, "store")(cpu, value)

    def _find(self, table: Mapping[int, _Handler], offset: int, size: int, what: str) -> _Handler:
        if size != REGISTER_SIZE or offset not in table:
            raise BusFault(f"{self.name}: {what} of {size} bytes at {offset:#x}")
        return table[offset]

    def get_state(self) -> bytes:
        """All state as values (:mod:`emulator.abi.values`): equal states give equal bytes."""
        return pack_values(self._state_values())

    def set_state(self, state: bytes) -> None:
        """Takes back what get_state gave. Raises UsageError, naming the device, for anything else."""
        try:
            self._set_state_values(unpack_values(state))
        except (MalformedValues, IndexError, ValueError) as error:
            raise UsageError(f"state of device {self.name} is damaged: {error}") from error

    @abstractmethod
    def _state_values(self) -> list[Value]:
        """The whole state, in a fixed order."""

    @abstractmethod
    def _set_state_values(self, values: list[Value]) -> None:
        """Takes over what _state_values gave; raises ValueError or IndexError for anything else."""
