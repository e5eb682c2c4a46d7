"""What the guest tells by itself, in lines."""

from __future__ import annotations

from emulator.abi.hypercalls import Hypercall
from emulator.abi.mailbox import EventKind
from emulator.abi.status import Code
from emulator.abi.values import Value, pack_values
from emulator.devices.mailbox import Mailbox
from emulator.monitor import Symboliser
from emulator.monitor.events import EventLines
from tests.devices.fake_platform import FakePlatform
from tests.system.machines import kernel

_BUFFER = 0x1000


def lines(*events: tuple[EventKind, list[Value]]) -> list[str]:
    """Of events that a guest posts."""
    platform, mailbox = FakePlatform(), Mailbox()
    mailbox.attach(platform)
    reading = EventLines(mailbox, Symboliser(kernel().path.read_bytes()))
    for kind, values in events:
        data = pack_values(values)
        platform.write_memory(_BUFFER, data)
        assert mailbox.serve(Hypercall.EVENT, (kind, _BUFFER, len(data)))[0] is Code.OK
    told = [line for _, line in reading.take()]
    assert list(reading.take()) == []
    return told


def test_states_of_an_update_are_told_once_and_its_progress_is_not() -> None:
    def state(name: str, unconverted: int, why: str = "") -> tuple[EventKind, list[Value]]:
        return EventKind.UPDATE_STATE, [3, 9, "fix", name, unconverted, 0, 0, 0, why, 0]

    told = lines(
        state("applying", 0), state("applying", 8), state("active", 8), state("stuck", 0, "no format")
    )
    assert told == [
        "update fix: applying", "update fix: active, 8 unconverted", "update fix: stuck, no format",
    ]  # fmt: skip


def test_swaps_of_updates_are_left_to_these() -> None:
    def done(update: int, code: Code) -> tuple[EventKind, list[Value]]:
        return EventKind.SWAP_DONE, [1, update, "counter", -code, 5, 2, 17]

    told = lines(done(3, Code.OK), done(0, Code.OK), done(0, Code.TIMED_OUT))
    assert told == ["swap of counter: completed", "swap of counter: timed_out"]


def test_what_holds_an_update_up() -> None:
    row: list[Value] = [7, "client", 1, 12, "counter", 500]
    told = lines((EventKind.UPDATE_STALLED, [3, "mark", row, []]))
    assert told == ["update 3 is held up in mark by thread 7 client on CPU 1, inside counter"]


def test_adaptors_and_interfaces() -> None:
    told = lines(
        (EventKind.ADAPTOR, ["@5.1", "dead", "@9.1", 1200, 0]),
        (EventKind.DEAD_REFERENCE, ["@5.1", 2, 0x10]),
        (EventKind.INTERFACE_WANTED, ["PartitionedRegion"]),
        (EventKind.INTERFACE_SETTLED, ["PartitionedRegion", 0]),
        (EventKind.INTERFACE_SETTLED, ["Other", -Code.NOT_FOUND]),
    )
    assert told == [
        "adaptor on @5.1: dead, its object is @9.1, 1,200 calls, 0 callers left",
        "@5.1 was called though its adaptor is gone: 2 times, the last from 0x0000000000000010",
        "a program waits for interface PartitionedRegion",
        "interface PartitionedRegion: provided",
        "interface Other: not_found",
    ]
