"""Registers and records of the module loader: how a linked module gets into memory that the guest gave.

One load at a time: REQUESTED (line high) -> the guest takes the request, finds memory and writes PLACE ->
PLACED -> the device copies the relocated bytes, caches are coherent on every CPU -> STAGED, or FAILED
(line high) -> the guest runs the initialisation and writes FINISH -> IDLE.
"""

from enum import IntEnum, IntFlag
from typing import Final

from emulator.abi.layout import I64, U64, Array, Chars, Field, Record

LOADER_NAME_SIZE: Final = 64
LOADER_TEXT_SIZE: Final = 160
MODULE_SEGMENTS: Final = 3
MODULE_REQUIRED_MAX: Final = 16
"""Modules that one may require."""
NO_OFFSET: Final = 0xFFFF_FFFF_FFFF_FFFF
"""LoadRequest offsets: the module has no such function or array."""


class LoaderRegister(IntEnum):
    """Byte offsets of 8-byte registers."""

    STATE = 0x00
    """R: LoaderState."""
    REQUEST = 0x08
    """R: id of the current load, 0 when idle."""
    TAKE = 0x10
    """W: physical address to which the LoadRequest is copied; lowers the line. Only when REQUESTED."""
    PLACE = 0x18
    """W: physical address of a LoadPlacement. Only when TAKEN."""
    FINISH = 0x20
    """W: physical address of a LoadResult. When TAKEN (no memory), STAGED or FAILED; lowers the line."""
    CONTROL = 0x28
    """RW: LoaderControl bits."""


class LoaderControl(IntFlag):
    """Bits of LoaderRegister.CONTROL."""

    INTERRUPT = 1
    """The loader's line is high in REQUESTED, STAGED and FAILED."""


class LoaderState(IntEnum):
    """Where the current load stands."""

    IDLE = 0
    REQUESTED = 1
    TAKEN = 2
    PLACED = 3
    STAGED = 4
    FAILED = 5


class ConversionMode(IntEnum):
    """How the instances that exist are brought to a module's version."""

    AUTO = 0
    """At once, unless there are many."""
    EAGER = 1
    LAZY = 2


class Segment(IntEnum):
    """Parts of a module, in the order in which they lie in its address range, each from a page boundary."""

    TEXT = 0
    RODATA = 1
    DATA = 2


LOAD_REQUEST_RECORD: Final = Record(
    "LoadRequest",
    Field("id", U64),
    Field("text_size", U64, "bytes; the segment takes whole pages; 0: absent"),
    Field("rodata_size", U64),
    Field("data_size", U64, "with the zero-initialised part"),
    Field("entry", U64, "initialisation function, offset from the module's base or NO_OFFSET"),
    Field("init_array", U64, "static constructors, array of function addresses, offset or NO_OFFSET"),
    Field("init_array_count", U64),
    Field("init_functions", U64, "annotated initialisation functions, array of kernel::InitFunction, offset"),
    Field("init_functions_count", U64),
    Field("fini_array", U64, "static destructors, as init_array, run from the last to the first"),
    Field("fini_array_count", U64),
    Field("exit", U64, "function called before unloading, offset or NO_OFFSET"),
    Field("time_limit", U64, "virtual ns that the initialisation may take"),
    Field("name", Chars(LOADER_NAME_SIZE)),
    Field("mode", U64, "ConversionMode"),
    Field("irreversible", Chars(LOADER_TEXT_SIZE), "why the update cannot be undone; empty: it can"),
    Field("required", Array(U64, MODULE_REQUIRED_MAX), "ids of modules that stay as long as it; 0: none"),
)

LOAD_PLACEMENT_RECORD: Final = Record(
    "LoadPlacement",
    Field("id", U64),
    Field("base", U64, "effective address of the first segment"),
    Field("frames", U64, "physical address of the list of frames: one U64 physical address a page"),
    Field("pages", U64, "entries of that list: pages of all segments in order"),
)

LOAD_RESULT_RECORD: Final = Record(
    "LoadResult",
    Field("id", U64),
    Field("code", I64, "Code: OK when the module is in service"),
    Field("module", U64, "the guest's id of the module, 0 on failure"),
    Field("value", I64, "what the initialisation returned"),
    Field("vector", U64, "exception that ended it, 0 when none did"),
    Field("address", U64, "program counter of that exception"),
    Field("data_address", U64, "DAR of that exception"),
    Field("text", Chars(LOADER_TEXT_SIZE), "what failed, in words; may be empty"),
)
