"""Requests, replies and events through the mailbox."""

import pytest

from emulator.abi.devices import Line
from emulator.abi.hypercalls import Hypercall
from emulator.abi.mailbox import (
    REPLY_PART_SIZE,
    REPLY_RECORD,
    REQUEST_RECORD,
    REQUEST_SIZE_MAX,
    EventKind,
    MailboxRegister,
    Operation,
    ReplyFlag,
)
from emulator.abi.status import Code
from emulator.abi.values import Value, pack_values, unpack_values
from emulator.devices import mailbox as mailbox_module
from emulator.devices.mailbox import GuestEvent, Mailbox, Reply
from emulator.errors import UsageError
from tests.devices.fake_platform import FakePlatform

BUFFER = 0x4000


class Guest:
    """Plays the guest's side."""

    def __init__(self) -> None:
        self.mailbox, self.platform = Mailbox(), FakePlatform()
        self.mailbox.attach(self.platform)
        self.mailbox.write(0, MailboxRegister.CONTROL, 8, 1)

    @property
    def line(self) -> bool:
        return self.platform.lines[Line.MAILBOX]

    def get(self, capacity: int = REQUEST_SIZE_MAX) -> tuple[Code, int]:
        return self.mailbox.serve(Hypercall.MAILBOX_GET, [BUFFER, capacity])

    def take(self) -> tuple[int, int, list[Value]]:
        code, size = self.get()
        assert code == Code.OK
        header = REQUEST_RECORD.unpack(self.platform.read_memory(BUFFER, size))
        body = self.platform.read_memory(BUFFER + REQUEST_RECORD.size, header.number("size"))
        return header.number("id"), header.number("operation"), unpack_values(body)

    def reply(self, request: int, body: bytes, code: Code = Code.OK, more: bool = False) -> Code:
        flags = int(ReplyFlag.MORE) if more else 0
        data = REPLY_RECORD.pack(code=int(code), flags=flags) + body
        self.platform.write_memory(BUFFER, data)
        return self.mailbox.serve(Hypercall.MAILBOX_REPLY, [request, BUFFER, len(data)])[0]

    def report(self, kind: int, body: bytes) -> Code:
        self.platform.write_memory(BUFFER, body)
        return self.mailbox.serve(Hypercall.EVENT, [kind, BUFFER, len(body)])[0]


def test_a_request_reaches_the_guest_and_its_reply_the_host() -> None:
    guest = Guest()
    request = guest.mailbox.post(Operation.SWAP, 7, "Counter")
    assert guest.line
    assert guest.take() == (request, Operation.SWAP, [7, "Counter"])
    assert not guest.line
    assert guest.mailbox.reply(request) is None
    assert guest.mailbox.pending() == [request]
    assert guest.reply(request, pack_values([3])) == Code.OK
    assert guest.mailbox.reply(request) == Reply(request, Code.OK, [3])
    assert guest.mailbox.pending() == []


def test_requests_come_in_order_and_replies_in_any() -> None:
    guest = Guest()
    first, second = guest.mailbox.post(Operation.PING, 1), guest.mailbox.post(Operation.PING, 2)
    assert [guest.take()[0], guest.take()[0]] == [first, second]
    guest.reply(second, b"")
    assert guest.mailbox.pending() == [first]


def test_nothing_waits() -> None:
    assert Guest().get() == (Code.OK, 0)


def test_a_reply_in_parts_is_one() -> None:
    guest = Guest()
    body = pack_values([["x" * 40, 1], b"\0" * 30])
    request = guest.mailbox.post(Operation.OBJECTS)
    guest.take()
    for at in range(0, len(body), 7):
        assert guest.mailbox.reply(request) is None
        assert guest.reply(request, body[at : at + 7], more=at + 7 < len(body)) == Code.OK
    assert guest.mailbox.reply(request) == Reply(request, Code.OK, unpack_values(body))


def test_a_failure_is_a_reply_too() -> None:
    guest = Guest()
    request = guest.mailbox.post(Operation.DESTROY, 99)
    guest.take()
    guest.reply(request, b"\x04half a list", Code.NOT_FOUND, more=True)
    guest.reply(request, b"\x04", Code.NOT_FOUND)
    assert guest.mailbox.reply(request) == Reply(request, Code.NOT_FOUND, [])


def test_a_small_buffer_keeps_the_request() -> None:
    guest = Guest()
    request = guest.mailbox.post(Operation.PING, "long enough")
    code, needed = guest.get(capacity=8)
    assert code == Code.TOO_LARGE
    assert guest.get(capacity=needed) == (Code.OK, needed)
    assert guest.mailbox.pending() == [request]


def test_mistakes_of_the_guest_are_its_status() -> None:
    guest = Guest()
    request = guest.mailbox.post(Operation.PING)
    assert guest.reply(request, b"") == Code.INVALID  # not taken yet
    guest.take()
    assert guest.reply(request + 1, b"") == Code.INVALID
    assert guest.reply(request, b"\x09") == Code.INVALID
    serve = guest.mailbox.serve
    assert serve(Hypercall.MAILBOX_REPLY, [request, BUFFER, REPLY_RECORD.size - 1])[0] == Code.INVALID
    assert serve(Hypercall.MAILBOX_REPLY, [request, BUFFER, REPLY_PART_SIZE + 1])[0] == Code.INVALID
    assert serve(Hypercall.MAILBOX_REPLY, [request, 1 << 40, REPLY_RECORD.size])[0] == Code.INVALID
    assert serve(Hypercall.CLOCK_READ, [])[0] == Code.UNSUPPORTED
    assert guest.report(999, b"") == Code.INVALID
    assert guest.report(EventKind.WORKLOAD, b"\x01") == Code.INVALID
    assert guest.reply(request, b"") == Code.OK
    assert guest.reply(request, b"") == Code.INVALID  # answered already


def test_a_code_that_nobody_knows_is_invalid() -> None:
    guest = Guest()
    request = guest.mailbox.post(Operation.PING)
    guest.take()
    data = REPLY_RECORD.pack(code=-500)
    guest.platform.write_memory(BUFFER, data)
    guest.mailbox.serve(Hypercall.MAILBOX_REPLY, [request, BUFFER, len(data)])
    assert guest.mailbox.reply(request) == Reply(request, Code.INVALID, [])


def test_events_are_kept_in_order_with_their_time() -> None:
    guest = Guest()
    told: list[int] = []
    guest.mailbox.on_change = lambda: told.append(guest.mailbox.events_total)
    guest.report(EventKind.SWAP_PHASE, pack_values([1, "forward"]))
    guest.platform.time = 50
    guest.report(EventKind.SWAP_DONE, pack_values([1]))
    assert told == [1, 2]
    assert guest.mailbox.events_since(0)[0] == GuestEvent(0, EventKind.SWAP_PHASE, [1, "forward"])
    assert guest.mailbox.events_since(1) == [GuestEvent(50, EventKind.SWAP_DONE, [1])]
    assert guest.mailbox.events_since(2) == []


def test_reading_does_not_change_the_state() -> None:
    guest = Guest()
    request = guest.mailbox.post(Operation.PING)
    guest.take()
    guest.reply(request, b"")
    guest.report(EventKind.WORKLOAD, pack_values(["A -> B"]))
    state = guest.mailbox.get_state()
    guest.mailbox.reply(request)
    guest.mailbox.events_since(0)
    assert guest.mailbox.get_state() == state


def test_logs_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailbox_module, "REPLIES_KEPT", 2)
    monkeypatch.setattr(mailbox_module, "EVENTS_KEPT", 2)
    guest = Guest()
    for number in range(3):
        request = guest.mailbox.post(Operation.PING)
        guest.take()
        guest.reply(request, b"")
        guest.report(EventKind.WORKLOAD, pack_values([number]))
    assert [guest.mailbox.reply(request) is not None for request in (1, 2, 3)] == [False, True, True]
    assert guest.mailbox.events_total == 3
    assert [event.values for event in guest.mailbox.events_since(0)] == [[1], [2]]
    assert [event.values for event in guest.mailbox.events_since(2)] == [[2]]


def test_state_round_trips_in_mid_conversation() -> None:
    guest = Guest()
    answered, partial, waiting = (guest.mailbox.post(Operation.PING, number) for number in range(3))
    guest.take()
    guest.take()
    guest.reply(answered, pack_values(["done"]))
    body = pack_values([b"split"])
    guest.reply(partial, body[:3], more=True)
    guest.report(EventKind.MODULE_STATE, pack_values([1, "m", "staged"]))
    copy = Guest()
    copy.mailbox.set_state(guest.mailbox.get_state())
    assert copy.mailbox.get_state() == guest.mailbox.get_state()
    assert copy.mailbox.reply(answered) == Reply(answered, Code.OK, ["done"])
    assert copy.reply(partial, body[3:]) == Code.OK
    assert copy.mailbox.reply(partial) == Reply(partial, Code.OK, [b"split"])
    assert copy.take()[0] == waiting
    assert copy.mailbox.post(Operation.PING) == waiting + 1
    assert copy.mailbox.events_since(0) == guest.mailbox.events_since(0)


@pytest.mark.parametrize("argument", [-1, 2**64, "x" * REQUEST_SIZE_MAX])
def test_arguments_that_do_not_fit_are_refused(argument: int | str) -> None:
    guest = Guest()
    with pytest.raises(UsageError, match="request ping"):
        guest.mailbox.post(Operation.PING, argument)
    assert guest.mailbox.pending() == []
