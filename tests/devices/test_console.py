"""The console's register page."""

import pytest

from emulator.abi.console import CONSOLE_EMPTY, CONSOLE_LENGTH_MAX, CONSOLE_LENGTH_SHIFT, ConsoleRegister
from emulator.abi.devices import Line
from emulator.devices.console import Console
from emulator.machine.device import BusFault
from tests.devices.fake_platform import FakePlatform


def make_console() -> tuple[Console, FakePlatform]:
    console, platform = Console(), FakePlatform()
    console.attach(platform)
    return console, platform


def test_transmits_single_bytes_and_whole_buffers() -> None:
    console, platform = make_console()
    pieces: list[bytes] = []
    console.on_output = pieces.append
    platform.write_memory(0x2000, b"hello\n")
    console.write(0, ConsoleRegister.TRANSMIT, 8, 0x123)
    console.write(1, ConsoleRegister.TRANSMIT_BUFFER, 8, 6 << CONSOLE_LENGTH_SHIFT | 0x2000)
    assert console.output == b"#hello\n"
    assert pieces == [b"#", b"hello\n"]


def test_bytes_that_are_no_text_are_shown_and_kept() -> None:
    console, _ = make_console()
    console.write(0, ConsoleRegister.TRANSMIT, 8, 0xFF)
    assert console.output == b"\xff"
    assert console.text == "\N{REPLACEMENT CHARACTER}"


def test_received_bytes_come_in_order_and_hold_the_line() -> None:
    console, platform = make_console()
    console.write(0, ConsoleRegister.CONTROL, 8, 1)
    console.receive(b"ab")
    assert platform.lines[Line.CONSOLE]
    assert console.read(0, ConsoleRegister.WAITING, 8) == 2
    assert [console.read(0, ConsoleRegister.RECEIVE, 8) for _ in range(3)] == [
        ord("a"),
        ord("b"),
        CONSOLE_EMPTY,
    ]
    assert not platform.lines[Line.CONSOLE]


def test_line_stays_low_while_its_interrupt_is_off() -> None:
    console, platform = make_console()
    console.receive(b"a")
    assert not platform.lines[Line.CONSOLE]
    console.write(0, ConsoleRegister.CONTROL, 8, 1)
    assert platform.lines[Line.CONSOLE]


@pytest.mark.parametrize(
    "value",
    [
        (CONSOLE_LENGTH_MAX + 1) << CONSOLE_LENGTH_SHIFT,
        1 << CONSOLE_LENGTH_SHIFT | 0x7FFF_FFFF,
    ],
    ids=["too long", "outside memory"],
)
def test_bad_buffer_is_a_bus_fault_and_transmits_nothing(value: int) -> None:
    console, _ = make_console()
    with pytest.raises(BusFault):
        console.write(0, ConsoleRegister.TRANSMIT_BUFFER, 8, value)
    assert console.output == b""
