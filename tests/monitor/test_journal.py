"""Records of swaps and updates from the guest's events."""

from __future__ import annotations

from emulator.abi.hypercalls import Hypercall
from emulator.abi.mailbox import EventKind
from emulator.abi.status import Code
from emulator.abi.values import Value, pack_values
from emulator.devices.mailbox import Mailbox
from emulator.monitor.journal import Journal, code_word
from emulator.monitor.records import PhaseRecord, WorkloadSample
from tests.devices.fake_platform import FakePlatform

_BUFFER = 0x1000


class _Guest:
    """Posts events as a guest does."""

    def __init__(self) -> None:
        self.platform = FakePlatform()
        self.mailbox = Mailbox()
        self.mailbox.attach(self.platform)
        self.journal = Journal(self.mailbox)

    def post(self, kind: EventKind, *values: Value) -> None:
        self.platform.time += 10
        data = pack_values(values)
        self.platform.write_memory(_BUFFER, data)
        assert self.mailbox.serve(Hypercall.EVENT, (kind, _BUFFER, len(data)))[0] is Code.OK

    def swap(self, swap: int, update: int, code: Code = Code.OK) -> None:
        self.post(EventKind.SWAP_BEGAN, swap, update, "counter", "forward", "Old", "New")
        self.post(EventKind.WORKLOAD, "counting", swap, "forward", 100, 1)
        self.post(EventKind.SWAP_PHASE, swap, 1, "block", 30, 40)
        self.post(EventKind.SWAP_PHASE, swap, 0, "forward", 10, 30)
        self.post(EventKind.SWAP_DONE, swap, update, "counter", -code, 5, 2, 17 * swap)

    def update(self, state: str, code: Code = Code.OK) -> None:
        self.post(EventKind.UPDATE_STATE, 3, 9, "fix", state, 0, 0, -code, 0, "", 0)


def test_a_swap_is_running_until_it_is_done() -> None:
    guest = _Guest()
    guest.post(EventKind.SWAP_BEGAN, 1, 0, "counter", "forward", "Old", "New")
    guest.journal.catch_up()
    assert guest.journal.swaps[1].running
    guest.post(EventKind.SWAP_DONE, 1, 0, "counter", 0, 5, 2, 17)
    guest.journal.catch_up()
    record = guest.journal.swaps[1]
    assert (record.running, record.completed) == (False, True)
    assert (record.old_class, record.new_class) == ("Old", "New")


def test_phases_are_in_the_order_of_time_and_samples_have_theirs() -> None:
    guest = _Guest()
    guest.swap(1, 0)
    guest.journal.catch_up()
    record = guest.journal.swaps[1]
    assert record.phases == [PhaseRecord(1, 0, "forward", 10, 30), PhaseRecord(1, 1, "block", 30, 40)]
    assert record.workload == [WorkloadSample("forward", 20, "counting", 100, 1)]
    assert (record.calls_forwarded, record.calls_blocked, record.blocked_ns_max) == (5, 2, 17)


def test_a_swap_that_failed_says_why() -> None:
    guest = _Guest()
    guest.swap(1, 0, Code.NO_FORMAT)
    guest.journal.catch_up()
    assert guest.journal.swaps[1].outcome == "no_format"


def test_an_update_sums_up_its_swaps() -> None:
    guest = _Guest()
    guest.update("staged")
    guest.update("applying")
    guest.swap(1, 3)
    guest.swap(2, 3)
    guest.swap(7, 0)
    guest.update("active")
    guest.journal.catch_up()
    record = guest.journal.updates[3]
    assert (record.name, record.module, record.state, record.reason) == ("fix", 9, "active", "")
    assert [swap.id for swap in record.swaps] == [1, 2]
    assert (record.calls_forwarded, record.calls_blocked, record.blocked_ns_max) == (10, 4, 34)
    assert [phase.swap for phase in record.phases] == [1, 1, 2, 2]


def test_an_aborted_update_keeps_its_reason() -> None:
    guest = _Guest()
    guest.update("staged")
    guest.update("aborted", Code.FAULT)
    guest.journal.catch_up()
    assert guest.journal.updates[3].reason == "fault"
    assert guest.journal.updates[3].to_dict()["state"] == "aborted"


def test_reading_again_from_the_start_gives_the_same() -> None:
    guest = _Guest()
    guest.update("staged")
    guest.swap(1, 3)
    guest.journal.catch_up()
    before = guest.journal.updates
    guest.journal.clear()
    assert guest.journal.updates == {}
    guest.journal.catch_up()
    assert guest.journal.updates == before


def test_events_are_read_once() -> None:
    guest = _Guest()
    guest.swap(1, 0)
    guest.journal.catch_up()
    guest.journal.catch_up()
    assert len(guest.journal.swaps[1].phases) == 2


def test_an_unknown_code_is_shown_as_a_number() -> None:
    assert (code_word(0), code_word(4), code_word(99)) == ("", "busy", "status -99")


def test_whoever_watches_is_told_of_each_state_and_of_progress() -> None:
    guest = _Guest()
    told: list[tuple[str, int, int]] = []
    guest.journal.on_update = lambda record: told.append((record.state, record.unconverted, record.marked))
    for unconverted, marked in ((8, 0), (8, 8), (3, 2)):
        guest.post(EventKind.UPDATE_STATE, 3, 9, "fix", "applying", unconverted, 0, 0, 0, "", marked)
    guest.journal.catch_up()
    assert told == [("applying", 8, 0), ("applying", 8, 8), ("applying", 3, 2)]
