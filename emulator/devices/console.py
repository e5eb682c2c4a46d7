"""The console: bytes out to the host, bytes in from the host."""

from collections.abc import Callable

from emulator.abi.console import (
    CONSOLE_EMPTY,
    CONSOLE_LENGTH_MAX,
    CONSOLE_LENGTH_SHIFT,
    ConsoleControl,
    ConsoleRegister,
)
from emulator.abi.devices import DevicePage, Line
from emulator.abi.values import Value, blob, integer
from emulator.devices.registers import RegisterDevice
from emulator.machine.device import BusFault

_ADDRESS_MASK = (1 << CONSOLE_LENGTH_SHIFT) - 1


class Console(RegisterDevice):
    """Register page: :class:`emulator.abi.console.ConsoleRegister`.

    ``on_output`` is told of each transmitted piece as it happens; it is an observer of the host's, no state.
    """

    def __init__(self, on_output: Callable[[bytes], None] | None = None) -> None:
        super().__init__(
            DevicePage.CONSOLE,
            {
                ConsoleRegister.RECEIVE: self._take_received,
                ConsoleRegister.WAITING: lambda _cpu: len(self._received),
                ConsoleRegister.CONTROL: lambda _cpu: self._control,
            },
            {
                ConsoleRegister.TRANSMIT: lambda _cpu, value: self._transmit(bytes([value & 0xFF])),
                ConsoleRegister.TRANSMIT_BUFFER: self._transmit_buffer,
                ConsoleRegister.CONTROL: self._set_control,
            },
        )
        self.on_output = on_output
        self._output = bytearray()
        self._received = bytearray()
        self._control = 0

    @property
    def output(self) -> bytes:
        """Everything transmitted since the machine started."""
        return bytes(self._output)

    @property
    def text(self) -> str:
        """The output as text; bytes that are no UTF-8 show as U+FFFD."""
        return self._output.decode(errors="replace")

    def receive(self, data: bytes) -> None:
        """Host input arrives at the guest now. Only between slices, so that a run can be repeated."""
        self._received += data
        self._update_line()

    def _transmit(self, data: bytes) -> None:
        self._output += data
        if self.on_output is not None:
            self.on_output(data)

    def _transmit_buffer(self, _cpu: int, value: int) -> None:
        length = value >> CONSOLE_LENGTH_SHIFT
        if length > CONSOLE_LENGTH_MAX:
            raise BusFault(f"console: a buffer of {length} bytes, at most {CONSOLE_LENGTH_MAX}")
        self._transmit(self.platform.read_memory(value & _ADDRESS_MASK, length))

    def _take_received(self, _cpu: int) -> int:
        if not self._received:
            return CONSOLE_EMPTY
        byte = self._received.pop(0)
        self._update_line()
        return byte

    def _set_control(self, _cpu: int, value: int) -> None:
        self._control = value & ConsoleControl.RECEIVE_INTERRUPT
        self._update_line()

    def _update_line(self) -> None:
        enabled = bool(self._control & ConsoleControl.RECEIVE_INTERRUPT)
        self.platform.set_line(Line.CONSOLE, enabled and bool(self._received))

    def _state_values(self) -> list[Value]:
        return [self._control, bytes(self._received), bytes(self._output)]

    def _set_state_values(self, values: list[Value]) -> None:
        self._control = integer(values[0])
        self._received = bytearray(blob(values[1]))
        self._output = bytearray(blob(values[2]))
