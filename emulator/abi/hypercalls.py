"""Hypercalls: ``sc 1`` in privileged state, number in r3, arguments in r4..r9.

The host returns a :class:`~emulator.abi.status.Code` in r3 and a value in r4 and changes no other register.
"""

from enum import IntEnum


class Hypercall(IntEnum):
    """Numbers passed in r3."""

    CLOCK_READ = 1
    """-> virtual ns of this CPU, monotonic across CPUs."""
    IDLE = 2
    """Use no time until an interrupt is pending for this CPU, whatever MSR[EE] is."""
    TIMER_SET = 3
    """(deadline ns) Decrementer exception once this CPU's time has reached it; all ones: never."""
    TLB_INVALIDATE = 4
    """(effective address, pages) on every CPU, as a broadcast tlbie; pages 0: everything."""
    CPU_START = 5
    """(cpu, physical entry, argument) Starts a held CPU in real mode, r3 = cpu, r4 = argument."""
    CODE_SYNC = 6
    """(physical address, bytes) Instructions there were changed: every CPU must see them."""
    INSTRUCTIONS = 7
    """-> instructions executed by this CPU, this one included."""
    NOTIFY = 16
    """(Stage, value) A stage of the guest's life was reached."""
    PANIC = 17
    """(physical address of PanicRecord) The kernel cannot go on; does not return."""
    MAILBOX_GET = 18
    """(physical buffer, capacity) -> bytes of the next request of the monitor, 0 when none waits."""
    MAILBOX_REPLY = 19
    """(request id, physical buffer, bytes) Answers one request."""
    EVENT = 20
    """(EventKind, physical buffer, bytes) Something the monitor shows happened."""
    MARK = 21
    """(marker id) A measurement point; the host notes the CPU's time and instruction count."""


class Stage(IntEnum):
    """First argument of NOTIFY."""

    READY = 1
    WORKLOAD_STARTED = 2
    WORKLOAD_ENDED = 3
    TESTS_ENDED = 4
