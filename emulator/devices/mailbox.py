"""The mailbox: requests of the monitor to the guest, its replies, and the events that it reports.

Everything here is plain data: a machine can be saved between a request and its reply.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from emulator.abi.devices import DevicePage, Line
from emulator.abi.hypercalls import Hypercall
from emulator.abi.mailbox import (
    EVENT_SIZE_MAX,
    REPLY_PART_SIZE,
    REPLY_RECORD,
    REQUEST_RECORD,
    REQUEST_SIZE_MAX,
    EventKind,
    MailboxControl,
    MailboxRegister,
    Operation,
    ReplyFlag,
)
from emulator.abi.status import Code
from emulator.abi.values import MalformedValues, Value, blob, integer, items, pack_values, unpack_values
from emulator.devices.registers import RegisterDevice
from emulator.errors import UsageError
from emulator.machine.device import BusFault

REPLIES_KEPT: Final = 64
EVENTS_KEPT: Final = 16384


@dataclass(frozen=True)
class Reply:
    """The guest's answer to one request."""

    request: int
    code: Code
    values: list[Value]
    """Empty unless ``code`` is OK."""


@dataclass(frozen=True)
class GuestEvent:
    """Something that the guest reported, at a virtual time in ns."""

    time: int
    kind: EventKind
    values: list[Value]


@dataclass(frozen=True)
class _Waiting:
    """A request that the guest has not taken."""

    request: int
    operation: int
    arguments: bytes


class Mailbox(RegisterDevice):
    """Register page: :class:`emulator.abi.mailbox.MailboxRegister`; the rest is by hypercall (:meth:`serve`).

    Replies and events are logs that reading does not change, so that watching never shows in the machine's
    state: the last REPLIES_KEPT replies and EVENTS_KEPT events. ``on_change`` is told when either grows; it
    is an observer of the host's, no state.
    """

    def __init__(self, on_change: Callable[[], None] | None = None) -> None:
        super().__init__(
            DevicePage.MAILBOX,
            {
                MailboxRegister.WAITING: lambda _cpu: len(self._waiting),
                MailboxRegister.CONTROL: lambda _cpu: self._control,
            },
            {MailboxRegister.CONTROL: self._set_control},
        )
        self.on_change = on_change
        self._control = 0
        self._next = 1
        self._waiting: list[_Waiting] = []
        self._partial: dict[int, bytes] = {}
        self._replies: dict[int, tuple[Code, bytes]] = {}
        self._events: list[tuple[int, EventKind, bytes]] = []
        self._events_dropped = 0

    def post(self, operation: Operation, *arguments: Value) -> int:
        """Queues a request to the guest, between slices so that a run can be repeated. Returns its id.

        Raises UsageError when the arguments do not fit REQUEST_SIZE_MAX, or an integer is not 64 bits.
        """
        packed = _pack_arguments(operation, arguments)
        request, self._next = self._next, self._next + 1
        self._waiting.append(_Waiting(request, int(operation), packed))
        self._update_line()
        return request

    def pending(self) -> list[int]:
        """Ids of requests without a complete reply, in the order in which they were posted."""
        return sorted([waiting.request for waiting in self._waiting] + list(self._partial))

    def reply(self, request: int) -> Reply | None:
        """The reply to a request; None while there is none, or when REPLIES_KEPT later ones have come."""
        if request not in self._replies:
            return None
        code, data = self._replies[request]
        return Reply(request, code, unpack_values(data))

    @property
    def events_total(self) -> int:
        """Events since the machine started: the index that the next one will have."""
        return self._events_dropped + len(self._events)

    def events_since(self, index: int) -> list[GuestEvent]:
        """Events from ``index`` (0: the first one ever) on, oldest first, as far as they are kept."""
        kept = self._events[max(0, index - self._events_dropped) :]
        return [GuestEvent(time, kind, unpack_values(data)) for time, kind, data in kept]

    def serve(self, number: int, arguments: Sequence[int]) -> tuple[Code, int]:
        """MAILBOX_GET, MAILBOX_REPLY and EVENT with the arguments from r4 on -> status and value.

        A guest's mistake is its status: INVALID for bad memory, sizes, ids or values, TOO_LARGE for a buffer
        that does not hold the next request, UNSUPPORTED for another hypercall.
        """
        try:
            if number == Hypercall.MAILBOX_GET:
                return self._get(arguments[0], arguments[1])
            if number == Hypercall.MAILBOX_REPLY:
                return self._reply(arguments[0], arguments[1], arguments[2]), 0
            if number == Hypercall.EVENT:
                return self._record_event(arguments[0], arguments[1], arguments[2]), 0
        except (BusFault, MalformedValues):
            return Code.INVALID, 0
        return Code.UNSUPPORTED, 0

    def _get(self, physical: int, capacity: int) -> tuple[Code, int]:
        if not self._waiting:
            return Code.OK, 0
        waiting = self._waiting[0]
        header = REQUEST_RECORD.pack(
            id=waiting.request, operation=waiting.operation, size=len(waiting.arguments)
        )
        data = header + waiting.arguments
        if len(data) > capacity:
            return Code.TOO_LARGE, len(data)
        self.platform.write_memory(physical, data)
        del self._waiting[0]
        self._partial[waiting.request] = b""
        self._update_line()
        return Code.OK, len(data)

    def _reply(self, request: int, physical: int, size: int) -> Code:
        if request not in self._partial or not REPLY_RECORD.size <= size <= REPLY_PART_SIZE:
            return Code.INVALID
        data = self.platform.read_memory(physical, size)
        header = REPLY_RECORD.unpack(data)
        body = self._partial[request] + data[REPLY_RECORD.size :]
        if header.number("flags") & ReplyFlag.MORE:
            self._partial[request] = body
            return Code.OK
        code = _code(header.number("code"))
        if code != Code.OK:
            body = b""
        unpack_values(body)
        self._replies[request] = (code, body)
        del self._partial[request]
        while len(self._replies) > REPLIES_KEPT:
            del self._replies[next(iter(self._replies))]
        self._changed()
        return Code.OK

    def _record_event(self, kind: int, physical: int, size: int) -> Code:
        if size > EVENT_SIZE_MAX or kind not in EventKind.__members__.values():
            return Code.INVALID
        data = self.platform.read_memory(physical, size)
        unpack_values(data)
        self._events.append((self.platform.now(), EventKind(kind), data))
        if len(self._events) > EVENTS_KEPT:
            del self._events[0]
            self._events_dropped += 1
        self._changed()
        return Code.OK

    def _changed(self) -> None:
        if self.on_change is not None:
            self.on_change()

    def _set_control(self, _cpu: int, value: int) -> None:
        self._control = value & MailboxControl.REQUEST_INTERRUPT
        self._update_line()

    def _update_line(self) -> None:
        enabled = bool(self._control & MailboxControl.REQUEST_INTERRUPT)
        self.platform.set_line(Line.MAILBOX, enabled and bool(self._waiting))

    def _state_values(self) -> list[Value]:
        return [
            self._control,
            self._next,
            [[each.request, each.operation, each.arguments] for each in self._waiting],
            [[request, data] for request, data in sorted(self._partial.items())],
            [[request, -int(code), data] for request, (code, data) in self._replies.items()],
            self._events_dropped,
            [[time, int(kind), data] for time, kind, data in self._events],
        ]

    def _set_state_values(self, values: list[Value]) -> None:
        self._control, self._next = integer(values[0]), integer(values[1])
        self._waiting = [
            _Waiting(integer(row[0]), integer(row[1]), blob(row[2])) for row in map(items, items(values[2]))
        ]
        self._partial = {integer(row[0]): blob(row[1]) for row in map(items, items(values[3]))}
        self._replies = {
            integer(row[0]): (Code(-integer(row[1])), blob(row[2])) for row in map(items, items(values[4]))
        }
        self._events_dropped = integer(values[5])
        self._events = [
            (integer(row[0]), EventKind(integer(row[1])), blob(row[2]))
            for row in map(items, items(values[6]))
        ]


def _pack_arguments(operation: Operation, arguments: Sequence[Value]) -> bytes:
    try:
        packed = pack_values(arguments)
    except ValueError as error:
        raise UsageError(f"request {operation.name.lower()}: {error}") from error
    room = REQUEST_SIZE_MAX - REQUEST_RECORD.size
    if len(packed) > room:
        size = len(packed)
        raise UsageError(f"request {operation.name.lower()}: {size} bytes of arguments, at most {room}")
    return packed


def _code(number: int) -> Code:
    """The guest's status; one that no Code has counts as INVALID."""
    return Code(number) if number in Code.__members__.values() else Code.INVALID
