"""The engine's C interface (engine.h) as Python sees it: structures, enumerations, prototypes."""

import ctypes
from collections.abc import Callable, Mapping
from ctypes import POINTER, Structure, c_char_p, c_int, c_int64, c_uint32, c_uint64, c_void_p
from enum import IntEnum
from functools import cache
from typing import Any, ClassVar, Final, TypeAlias

from emulator.cpu.native import library_path, unicorn_library
from emulator.errors import EngineError

NEVER: Final = (1 << 64) - 1
THREAD_HOLDS_MAX: Final = 16
LOG_MAX: Final = 4096
POINTS_MAX: Final = 512
POINT_WORDS: Final = 4
ERROR_BYTES: Final = 200

_Fields: TypeAlias = "list[tuple[str, Any]]"


def _words(*names: str) -> _Fields:
    return [(name, c_uint64) for name in names]


class Layout(Structure):
    """Byte offsets into a saved context of the library; ``stop_check`` into its handle, 0 when not in use.

    ``inline_count`` is none: 1 when blocks count by themselves.
    """

    _fields_: ClassVar = _words(
        *"gpr lr ctr crf so ov ca ov32 ca32 msr nip spr vsr fpscr error_code size".split(),
        "stop_check",
        "inline_count",
    )


class EngineStop(IntEnum):
    """Why the engine returned."""

    REQUESTED = 1
    DIRECTIVES = 2
    IDLE = 3
    DEADLINE = 4
    INSTRUCTIONS = 5
    ADDRESS = 6
    FAULT = 7
    LOG_FULL = 8
    SCRIPT = 9


class DirectiveStruct(Structure):
    """struct directive."""

    _fields_: ClassVar = [("kind", c_uint32), ("cpu", c_uint32), *_words("amount", "address", "thread")]


class SliceRecord(Structure):
    """struct slice_record."""

    _fields_: ClassVar = _words("cpu", "instructions")


class Watch(Structure):
    """struct watch."""

    _fields_: ClassVar = _words("deadline", "cpu", "instructions", "address")


class StretchRole(IntEnum):
    """enum stretch_role."""

    BEGINS = 0
    ENDS = 1
    BEAT = 2


class StretchPointStruct(Structure):
    """struct stretch_point."""

    _fields_: ClassVar = _words("address", "stretch", "role")


class StretchStruct(Structure):
    """struct stretch_figures."""

    _fields_: ClassVar = _words("count", "longest", "place", "end")


class ProfileRangeStruct(Structure):
    """struct profile_range."""

    _fields_: ClassVar = [*_words("start", "end"), ("changes", c_void_p)]


class LogPointStruct(Structure):
    """struct log_point."""

    _fields_: ClassVar = _words("address", "base", "offset", "through")


class PointStruct(Structure):
    """struct point_record."""

    _fields_: ClassVar = [
        *_words(*"vector cpu time instructions thread address".split()),
        ("values", c_uint64 * 2),
        ("memory", c_uint64 * POINT_WORDS),
    ]


class CpuControl(Structure):
    """struct cpu_control."""

    _fields_: ClassVar = _words(
        *"state held held_thread instructions time timer rest injected check check_pc check_dar".split()
    )


class ThreadHold(Structure):
    """struct thread_hold."""

    _fields_: ClassVar = _words("thread", "address")


class MachineControl(Structure):
    """struct machine_control."""

    _fields_: ClassVar = [
        *_words(*"time clock slice_open slice_cpu slice_exact slice_goal slice_start".split()),
        *_words("slice_address", "slice_passed", "next_event"),
        ("random", c_uint64 * 4),
        ("thread_hold_count", c_uint64),
        ("thread_holds", ThreadHold * THREAD_HOLDS_MAX),
    ]


class InterruptController(Structure):
    """struct interrupt_controller."""

    _fields_: ClassVar = [
        *_words("levels", "lines_in_service"),
        ("priority", c_uint64 * 32),
        ("route", c_uint64 * 16),
        ("enabled", c_uint64 * 8),
        ("threshold", c_uint64 * 8),
        ("messages", c_uint64 * 8),
        ("set_aside", c_uint64 * 8),
        ("releases", c_uint64 * 16),
    ]


HypercallFunction: Final = ctypes.CFUNCTYPE(c_int64, c_uint32, c_uint64, POINTER(c_uint64), POINTER(c_uint64))
ReadFunction: Final = ctypes.CFUNCTYPE(c_int, c_uint32, c_uint64, c_uint32, POINTER(c_uint64))
WriteFunction: Final = ctypes.CFUNCTYPE(c_int, c_uint32, c_uint64, c_uint32, c_uint64)
EventsFunction: Final = ctypes.CFUNCTYPE(None, c_uint64)


class Callbacks(Structure):
    """struct callbacks."""

    _fields_: ClassVar = [
        ("hypercall", HypercallFunction),
        ("device_read", ReadFunction),
        ("device_write", WriteFunction),
        ("events", EventsFunction),
    ]


_STRUCTURES: tuple[type[Structure], ...] = (
    InterruptController,
    Layout,
    DirectiveStruct,
    SliceRecord,
    Watch,
    Callbacks,
    CpuControl,
    MachineControl,
    StretchPointStruct,
    StretchStruct,
    LogPointStruct,
    PointStruct,
    ProfileRangeStruct,
)

_PROTOTYPES: Final[Mapping[str, tuple[Any, list[Any]]]] = {
    "engine_structures": (c_uint32, [POINTER(c_uint64)]),
    "engine_bind": (c_int, [c_char_p, c_char_p]),
    "engine_calibrate": (c_int, [POINTER(Layout), c_char_p]),
    "machine_open": (
        c_void_p,
        [c_uint32, c_uint64, c_uint64, c_uint64, POINTER(Layout), POINTER(Callbacks), c_char_p],
    ),
    "machine_close": (None, [c_void_p]),
    "machine_ram": (c_void_p, [c_void_p]),
    "machine_used_pages": (c_uint32, [c_void_p, POINTER(c_uint32)]),
    "machine_clear_ram": (None, [c_void_p]),
    "machine_end_slice": (None, [c_void_p]),
    "machine_run": (c_int, [c_void_p, POINTER(Watch)]),
    "machine_request_stop": (None, [c_void_p]),
    "machine_error": (c_char_p, [c_void_p]),
    "machine_inline_blocks": (c_uint64, [c_void_p]),
    "machine_time": (c_uint64, [c_void_p]),
    "machine_now": (c_uint64, [c_void_p]),
    "machine_set_next_event": (None, [c_void_p, c_uint64]),
    "machine_get_control": (None, [c_void_p, POINTER(MachineControl)]),
    "machine_set_control": (None, [c_void_p, POINTER(MachineControl)]),
    "machine_read_clock": (c_uint64, [c_void_p, c_uint32]),
    "machine_set_line": (None, [c_void_p, c_uint32, ctypes.c_bool]),
    "machine_get_interrupts": (None, [c_void_p, POINTER(InterruptController)]),
    "machine_set_interrupts": (None, [c_void_p, POINTER(InterruptController)]),
    "machine_set_directives": (c_int, [c_void_p, POINTER(DirectiveStruct), c_uint32]),
    "machine_get_directives": (c_uint32, [c_void_p, POINTER(DirectiveStruct), c_uint32]),
    "machine_seed": (None, [c_void_p, c_uint64]),
    "machine_take_log": (c_uint32, [c_void_p, POINTER(SliceRecord)]),
    "machine_watch_stretches": (c_int, [c_void_p, POINTER(StretchPointStruct), c_uint32]),
    "machine_unwatch_stretches": (None, [c_void_p]),
    "machine_get_stretch": (None, [c_void_p, c_uint32, POINTER(StretchStruct)]),
    "cpu_get_gap": (None, [c_void_p, c_uint32, POINTER(StretchStruct)]),
    "cpu_get_interrupts_off": (None, [c_void_p, c_uint32, POINTER(StretchStruct)]),
    "machine_watch_profile": (c_int, [c_void_p, POINTER(ProfileRangeStruct), c_uint32]),
    "machine_unwatch_profile": (None, [c_void_p]),
    "machine_log_points": (c_int, [c_void_p, POINTER(LogPointStruct), c_uint32, ctypes.c_bool, c_uint64]),
    "machine_unlog_points": (None, [c_void_p]),
    "machine_logs_points": (ctypes.c_bool, [c_void_p]),
    "machine_points_logged": (c_uint64, [c_void_p, POINTER(c_uint64)]),
    "machine_take_points": (None, [c_void_p, c_void_p]),
    "machine_flush_code": (None, [c_void_p]),
    "machine_flush_tlb": (None, [c_void_p]),
    "cpu_get_control": (None, [c_void_p, c_uint32, POINTER(CpuControl)]),
    "cpu_set_control": (None, [c_void_p, c_uint32, POINTER(CpuControl)]),
    "cpu_start": (None, [c_void_p, c_uint32, c_uint64, c_uint64]),
    "cpu_inject": (c_int, [c_void_p, c_uint32, c_uint64]),
    "cpu_read_context": (None, [c_void_p, c_uint32, c_uint64, c_void_p, c_uint64]),
    "cpu_write_context": (None, [c_void_p, c_uint32, c_uint64, c_void_p, c_uint64]),
    "cpu_set_msr": (None, [c_void_p, c_uint32, c_uint64]),
    "cpu_set_fpscr": (None, [c_void_p, c_uint32, c_uint64]),
    "cpu_translate": (ctypes.c_bool, [c_void_p, c_uint32, c_uint64, ctypes.c_bool, POINTER(c_uint64)]),
}


class EngineLibrary:
    """The loaded library. ``call`` is attribute access: ``library.functions.machine_run(...)``."""

    def __init__(self) -> None:
        try:
            self.functions: Any = ctypes.CDLL(str(library_path()))
        except OSError as error:
            raise EngineError(f"the engine library cannot be loaded: {error}") from None
        for name, (result, arguments) in _PROTOTYPES.items():
            function = getattr(self.functions, name)
            function.restype, function.argtypes = result, arguments
        self._check_structures()
        self._checked(lambda error: self.functions.engine_bind(str(unicorn_library()).encode(), error))
        self.layout = Layout()
        self._checked(lambda error: self.functions.engine_calibrate(ctypes.byref(self.layout), error))

    def _check_structures(self) -> None:
        sizes = (c_uint64 * len(_STRUCTURES))()
        count = self.functions.engine_structures(sizes)
        if sizes[:count] != [ctypes.sizeof(structure) for structure in _STRUCTURES]:
            raise EngineError("the engine library is of another version of this package")

    def _checked(self, call: Callable[[Any], int]) -> None:
        error = ctypes.create_string_buffer(ERROR_BYTES)
        if call(error):
            raise EngineError(error.value.decode())


@cache
def engine_library() -> EngineLibrary:
    """The library, loaded and calibrated once for the process. Raises EngineError or BuildError."""
    return EngineLibrary()
