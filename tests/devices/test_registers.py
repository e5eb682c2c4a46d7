"""What all devices have in common: register checks and portable state."""

from collections.abc import Callable

import pytest

from emulator.devices.console import Console
from emulator.devices.disk import Disk
from emulator.devices.loader import ModuleLoader
from emulator.devices.mailbox import Mailbox
from emulator.devices.power import Power
from emulator.devices.registers import RegisterDevice
from emulator.errors import UsageError
from emulator.machine.device import BusFault
from tests.devices.fake_platform import FakePlatform
from tests.devices.test_loader import FixedSource

MAKERS: list[Callable[[], RegisterDevice]] = [
    Console,
    Disk,
    Mailbox,
    Power,
    lambda: ModuleLoader(FixedSource()),
]


@pytest.fixture(params=MAKERS, ids=["console", "disk", "mailbox", "power", "loader"])
def device(request: pytest.FixtureRequest) -> RegisterDevice:
    made: RegisterDevice = request.param()
    made.attach(FakePlatform())
    return made


@pytest.mark.parametrize("offset", [0xFF8, 0x801, 4, -8])
@pytest.mark.parametrize("size", [1, 2, 4, 8])
def test_unknown_register_is_a_bus_fault(device: RegisterDevice, offset: int, size: int) -> None:
    with pytest.raises(BusFault, match=device.name):
        device.read(0, offset, size)
    with pytest.raises(BusFault, match=device.name):
        device.write(0, offset, size, 0)


@pytest.mark.parametrize("size", [1, 2, 4, 16])
def test_every_register_takes_eight_bytes_only(device: RegisterDevice, size: int) -> None:
    for offset in range(0, 0x100, 8):
        with pytest.raises(BusFault):
            device.read(0, offset, size)
        with pytest.raises(BusFault):
            device.write(0, offset, size, 0)


def test_state_of_a_fresh_device_round_trips(device: RegisterDevice) -> None:
    state = device.get_state()
    device.set_state(state)
    assert device.get_state() == state


@pytest.mark.parametrize(
    "state", [b"", b"\x07", b"\x01\0", b"\x04\x05"], ids=["empty", "tag", "short", "list"]
)
def test_damaged_state_is_refused_by_name(device: RegisterDevice, state: bytes) -> None:
    with pytest.raises(UsageError, match=f"device {device.name} is damaged"):
        device.set_state(state)


def test_state_cut_short_anywhere_is_refused(device: RegisterDevice) -> None:
    state = device.get_state()
    for end in range(len(state)):
        with pytest.raises(UsageError, match=device.name):
            device.set_state(state[:end])
