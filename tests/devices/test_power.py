"""Power commands and the watchdog."""

import pytest

from emulator.abi.power import WATCHDOG_NEVER, PowerCommand, PowerRegister
from emulator.devices.power import RETRY_NS, Power
from emulator.machine.device import BusFault
from emulator.machine.stop import StopReason
from tests.devices.fake_platform import FakePlatform


def make_power() -> tuple[Power, FakePlatform]:
    power, platform = Power(), FakePlatform()
    power.attach(platform)
    return power, platform


@pytest.mark.parametrize("command", list(PowerCommand))
def test_command_halts_the_machine_and_is_remembered(command: PowerCommand) -> None:
    power, platform = make_power()
    assert power.last_command is None
    power.write(0, PowerRegister.COMMAND, 8, command)
    assert platform.stops == [StopReason.HALTED]
    assert power.last_command == command


def test_unknown_command_is_a_bus_fault() -> None:
    power, platform = make_power()
    with pytest.raises(BusFault, match="0x3"):
        power.write(0, PowerRegister.COMMAND, 8, 3)
    assert platform.stops == []


def test_watchdog_fires_once_at_its_time_on_its_cpu() -> None:
    power, platform = make_power()
    power.write(1, PowerRegister.WATCHDOG, 8, 500)
    assert power.read(1, PowerRegister.WATCHDOG, 8) == 500
    assert power.read(0, PowerRegister.WATCHDOG, 8) == WATCHDOG_NEVER
    platform.run_until(499)
    assert platform.injected == []
    platform.run_until(2_000)
    assert platform.injected == [(500, 1, 0x100)]
    assert power.read(1, PowerRegister.WATCHDOG, 8) == WATCHDOG_NEVER


def test_a_later_store_replaces_the_deadline() -> None:
    power, platform = make_power()
    power.write(0, PowerRegister.WATCHDOG, 8, 500)
    power.write(0, PowerRegister.WATCHDOG, 8, 900)
    platform.run_until(2_000)
    assert platform.injected == [(900, 0, 0x100)]


def test_watchdog_can_be_turned_off() -> None:
    power, platform = make_power()
    power.write(0, PowerRegister.WATCHDOG, 8, 500)
    power.write(0, PowerRegister.WATCHDOG, 8, WATCHDOG_NEVER)
    platform.run_until(2_000)
    assert platform.injected == []


def test_a_deadline_that_has_passed_fires_at_once() -> None:
    power, platform = make_power()
    platform.run_until(1_000)
    power.write(0, PowerRegister.WATCHDOG, 8, 5)
    platform.run_until(1_000)
    assert platform.injected == [(1_000, 0, 0x100)]


def test_a_watchdog_waits_for_another_injected_exception() -> None:
    power, platform = make_power()
    power.write(0, PowerRegister.WATCHDOG, 8, 500)
    platform.injection_pending = True
    platform.run_until(600)
    assert power.read(0, PowerRegister.WATCHDOG, 8) == 500
    platform.injection_pending = False
    platform.run_until(500 + RETRY_NS)
    assert platform.injected == [(500 + RETRY_NS, 0, 0x100)]


def test_an_armed_watchdog_survives_a_save() -> None:
    power, platform = make_power()
    power.write(1, PowerRegister.WATCHDOG, 8, 500)
    copy, other = make_power()
    copy.set_state(power.get_state())
    other.adopt_events(platform, copy)
    copy.write(1, PowerRegister.WATCHDOG, 8, 700)
    other.run_until(1_000)
    assert other.injected == [(700, 1, 0x100)]
