"""Status codes of hypercalls, monitor requests and the kernel's own fallible calls."""

from enum import IntEnum


class Code(IntEnum):
    """Zero is success; every failure is negative. A positive status is a parked call's ticket."""

    OK = 0
    NO_MEMORY = -1
    INVALID = -2
    NOT_FOUND = -3
    BUSY = -4
    EXISTS = -5
    TIMED_OUT = -6
    CANCELLED = -7
    NO_FORMAT = -8
    """Old and new object share no transfer format."""
    GONE = -9
    """The object was destroyed."""
    DEADLOCK = -10
    FAULT = -11
    """Guarded code faulted, or a user address is not mapped."""
    IO_ERROR = -12
    VERSION = -13
    REFUSED = -14
    UNSUPPORTED = -15
    TOO_LARGE = -16
    NO_SPACE = -17
    """The disk is full."""
