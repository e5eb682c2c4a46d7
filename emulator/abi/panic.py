"""What a kernel that panics hands to the host with the PANIC hypercall."""

from enum import IntEnum
from typing import Final

from emulator.abi.layout import U8, U64, Array, Chars, Field, Record
from emulator.abi.memory_map import MAX_CPUS

PANIC_MAGIC: Final = 0x4556_4552_5041_4E43  # "EVERPANC"
PANIC_FRAMES: Final = 32
"""Most frames recorded for one CPU, innermost first."""
PANIC_MESSAGE_SIZE: Final = 256


class PanicState(IntEnum):
    """What a CPU was doing when the record was written."""

    ABSENT = 0
    """It was never started."""
    PANICKED = 1
    """It is the one that panicked: registers and frames are those of the fault or check."""
    STOPPED = 2
    """The one that panicked stopped it: registers, where known, and frames are those of that moment."""
    RUNNING = 3
    """It did not stop in time: only the thread is known."""


class PanicFrameKind(IntEnum):
    """What a recorded address is."""

    INTERRUPTED = 0
    """The instruction that an exception interrupted."""
    LINK = 1
    """LR at an exception: a caller if the interrupted function had no stack frame yet, else stale."""
    RETURN = 2
    """A return address: the call is the instruction before it."""


PANIC_CPU_RECORD: Final = Record(
    "PanicCpu",
    Field("state", U64, "PanicState"),
    Field("thread_id", U64, "0: none"),
    Field("thread_name", Chars(32)),
    Field("vector", U64, "of the exception whose registers follow; 0: registers unknown"),
    Field("gpr", Array(U64, 32)),
    Field("nip", U64),
    Field("msr", U64),
    Field("lr", U64),
    Field("ctr", U64),
    Field("cr", U64),
    Field("xer", U64),
    Field("dar", U64),
    Field("dsisr", U64),
    Field("frame_count", U64),
    Field("frame_address", Array(U64, PANIC_FRAMES)),
    Field("frame_stack", Array(U64, PANIC_FRAMES), "stack pointer of each frame"),
    Field("frame_kind", Array(U8, PANIC_FRAMES), "PanicFrameKind"),
)

PANIC_RECORD: Final = Record(
    "PanicRecord",
    Field("magic", U64, "PANIC_MAGIC"),
    Field("panicked_cpu", U64),
    Field("time_ns", U64),
    Field("cpu_count", U64),
    Field("message", Chars(PANIC_MESSAGE_SIZE)),
    Field("cpu", Array(PANIC_CPU_RECORD, MAX_CPUS)),
)
