"""Requests of the monitor to the guest, the guest's replies, and events.

A request raises the mailbox's line; the guest takes it with MAILBOX_GET and answers with MAILBOX_REPLY.
Each is a header followed by values (:mod:`emulator.abi.values`).
"""

from enum import IntEnum, IntFlag
from typing import Final

from emulator.abi.layout import I64, U64, Field, Record

REQUEST_SIZE_MAX: Final = 4096
"""Bytes of one request, header included."""
REPLY_PART_SIZE: Final = 4096
"""Bytes of one MAILBOX_REPLY, header included; longer replies come in parts."""
EVENT_SIZE_MAX: Final = 4096


class MailboxRegister(IntEnum):
    """Byte offsets of 8-byte registers."""

    WAITING = 0x00
    """R: requests not yet taken."""
    CONTROL = 0x08
    """RW: MailboxControl bits."""


class MailboxControl(IntFlag):
    """Bits of MailboxRegister.CONTROL."""

    REQUEST_INTERRUPT = 1
    """The mailbox's line is high while requests wait."""


class Operation(IntEnum):
    """What the monitor asks. In brackets the argument values, after the arrow the result's."""

    PING = 1
    """(any values) -> the same values."""
    CPUS = 2
    """-> [[cpu, state, running thread id, generation]...]."""
    THREADS = 3
    """-> [[id, name, cpu, priority, state, instructions]...]."""
    OBJECTS = 4
    """-> [[reference, name, class, state]...]."""
    OBJECT = 5
    """(reference) -> its particulars as [[key, value]...]."""
    CLASSES = 6
    """-> [[name, version, instances, module]...]."""
    MODULES = 7
    """-> [[id, name, state, base, pages, users]...]."""
    MEMORY = 8
    """-> [[tag, live bytes, live allocations]...]."""
    STALLED = 9
    """-> who is counted: [[thread, name, cpu, generation, reference, since ns]...]."""
    UPDATES = 10
    """-> [[id, name, state, unconverted, failed, converted, marked, left, age ns,
    [[class, from, to, epoch]...], reason, irreversible]...]: in words why it failed and why it cannot be
    undone, each empty when that is not so."""
    BACKTRACE = 11
    """(thread id) -> [[PanicFrameKind, address]...], innermost first; BUSY while it runs on a CPU."""
    FACTORIES = 12
    """-> [[class, kind, version, epoch, is it the default, current, old, marked, failed]...]: the last
    four are numbers of instances."""
    INSTANCES = 13
    """(class name) -> [[reference, version, list, home cpu]...]."""
    ADAPTORS = 14
    """-> [[reference, ``adaptor`` or ``dead reference``, where the object is now, calls, callers left, how
    long it stays]...]."""
    ADAPTOR_PLANS = 15
    """-> [[class, or reference of an object by itself; interface offered, interface behind it; adaptors,
    dead references, calls, caller instances left, how long they stay, [[caller class, version]...]]...]."""
    WATCH = 16
    """(reference) Puts a counting arbiter on it."""
    UNWATCH = 17
    """(reference) Takes it off -> [[method, calls, instructions]...]."""
    WATCH_COUNTS = 18
    """(reference) -> [[method, calls, instructions]...], the arbiter stays."""
    SWAP = 19
    """(reference, class name) -> swap id; its phases come as events."""
    CREATE = 20
    """(class name) -> reference."""
    DESTROY = 21
    """(reference)."""
    UNLOAD = 22
    """(module id)."""
    CANCEL = 23
    """(update id)."""
    REVERT = 24
    """(update id)."""
    ABORT_SWAP = 25
    """(swap id) Ends it if it has not committed; REFUSED when it has."""
    DEFAULT_FACTORY = 26
    """(kind, class name) Objects of that kind are made by that class' factory from now on, unless a class
    is named."""
    ADAPT = 27
    """(reference) Gives the object another reference and puts a null adaptor on this one -> the other."""
    UNADAPT = 28
    """(reference) The object has its own reference again; the other goes when nobody calls it."""
    HOLDERS = 29
    """(module id) What keeps it from being unloaded -> [[what, which]...]."""
    OWNERS = 30
    """Memory by owner -> [[what, which, count, bytes]...]: objects of each class, pages of each module."""
    WORKLOAD_START = 32
    """(name, parameters as [[key, value]...])."""
    WORKLOAD_STOP = 33
    """(name)."""
    WORKLOAD_STATUS = 34
    """(name) -> [[key, value]...]; "kinds" is [[name, done, wrong, refused, parked, longest ns]...]."""
    WORKLOADS = 35
    """-> [name...]."""
    HOLD_THREAD = 40
    """(thread id) Sets it aside; it stays counted."""
    RELEASE_THREAD = 41
    """(thread id)."""
    DRAIN = 42
    """Empties caches and finishes what is pending, before memory is compared."""
    POWER_OFF = 43
    """The guest ends its run in order; there is no reply."""
    PAGING = 50
    """-> what paging has done since the start: [[name, value]...]."""
    TRACE_POINTS = 44
    """-> [[id, name, on, records, module]...]."""
    TRACE_SWITCH = 45
    """(name, 1 or 0) Switches the trace points of that name on or off -> how many there are."""
    TRACE_READ = 46
    """Takes what was traced -> records lost, [ns, cpu, thread, point id, point name, first, second]..."""
    COMMANDS = 60
    """-> [[name, summary, module]...]."""
    COMMAND = 61
    """(name, words) Runs a command of the kernel or of a module; what it says is on the console."""
    TESTS = 62
    """(prefix) Runs the in-guest tests of modules whose names begin so -> [[name, failure or ``""``]...]."""
    SETTLE_DEMAND = 63
    """(interface, Code negated) What came of the search for an update. NOT_FOUND: nobody waits."""


class EventKind(IntEnum):
    """First argument of the EVENT hypercall; the values follow in the buffer."""

    SWAP_PHASE = 1
    """(swap id, cpu, phase name, start ns, end ns) When a CPU was in a phase; sent before SWAP_DONE."""
    SWAP_DONE = 2
    """(swap id, update id, reference, Code negated, calls forwarded, calls blocked, longest block ns)."""
    UPDATE_STATE = 3
    """(update id, module id, name, state name, unconverted, failed, Code negated, converted, why, marked)
    Also while instances convert, each time that some have."""
    MODULE_STATE = 4
    """(module id, name, state name)."""
    WORKLOAD = 5
    """(name, swap id, phase name or ``ended``, operations, errors) How far when a swap entered a phase."""
    SWAP_BEGAN = 6
    """(swap id, update id, reference, phase name, old class, new class) It entered a phase."""
    ADAPTOR = 14
    """(reference, ``collapsed`` or ``dead`` or ``reclaimed``, where the object is now, calls, callers
    left)."""
    DEAD_REFERENCE = 15
    """(reference, calls, return address) Somebody has called a reference whose adaptor is gone; the last
    of them."""
    INTERFACE_WANTED = 16
    """(interface) A program waits for an interface that no class provides; SETTLE_DEMAND is the answer."""
    INTERFACE_SETTLED = 17
    """(interface, Code negated) Nobody waits for it any more: it is provided, or will not be."""
    UPDATE_STALLED = 7
    """(update id, step, [thread, name, cpu, generation, reference, since ns], [[PanicFrameKind, address]...])
    One thread for which a step of an update has waited longer than its time limit."""


class ReplyFlag(IntFlag):
    """Bits of Reply.flags."""

    MORE = 1
    """Further parts of this reply follow."""


REQUEST_RECORD: Final = Record(
    "Request",
    Field("id", U64, "not 0; the reply names it"),
    Field("operation", U64, "Operation"),
    Field("size", U64, "bytes of values that follow"),
)

REPLY_RECORD: Final = Record(
    "Reply",
    Field("code", I64, "Code"),
    Field("flags", U64, "ReplyFlag"),
)
