"""One engine: RAM and CPUs that take turns, with callbacks to whoever owns it."""

import ctypes
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol, overload

from emulator.abi.devices import DEVICE_PAGES
from emulator.abi.memory_map import DEVICE_PHYSICAL, PAGE_SIZE
from emulator.cpu.binding import (
    ERROR_BYTES,
    LOG_MAX,
    NEVER,
    POINTS_MAX,
    Callbacks,
    CpuControl,
    DirectiveStruct,
    EngineStop,
    EventsFunction,
    HypercallFunction,
    InterruptController,
    LogPointStruct,
    MachineControl,
    PointStruct,
    ProfileRangeStruct,
    ReadFunction,
    SliceRecord,
    StretchPointStruct,
    StretchStruct,
    Watch,
    WriteFunction,
    engine_library,
)
from emulator.cpu.keyboard import interrupts_go_to
from emulator.errors import EngineError


class _Words(Protocol):
    """A pointer to 64-bit words."""

    @overload
    def __getitem__(self, index: int) -> int: ...
    @overload
    def __getitem__(self, index: slice) -> list[int]: ...
    def __setitem__(self, index: int, value: int) -> None: ...


class EngineClient(Protocol):
    """What the engine calls while it runs. An exception stops the run and comes out of ``Engine.run``."""

    def hypercall(self, cpu: int, number: int, arguments: tuple[int, ...]) -> tuple[int, int]:
        """Arguments r4..r9. Returns the status for r3 and the value for r4."""

    def device_read(self, cpu: int, offset: int, size: int) -> int | None:
        """``offset`` from DEVICE_PHYSICAL. None when no register answers."""

    def device_write(self, cpu: int, offset: int, size: int, value: int) -> bool:
        """False when no register answers."""

    def events(self, now: int) -> None:
        """Events up to machine time ``now`` are due; calls ``Engine.set_next_event`` for the next one."""


@dataclass(frozen=True)
class Limits:
    """Where a run ends at the latest. It changes nothing for the guest."""

    deadline_ns: int = NEVER
    cpu: int = 0
    instructions: int = NEVER
    """Total of that CPU."""
    address: int = NEVER
    """Effective address that the CPU is about to execute."""


class _Closed:
    """Stands for the functions of an engine that is closed: there is no memory for them to look at."""

    def __getattr__(self, name: str) -> NoReturn:
        raise EngineError(f"the machine is closed ({name})")


class Engine:
    """Owns the C machine. Not thread-safe; close it (or leave its ``with``) to give the memory back."""

    def __init__(self, cpus: int, ram_bytes: int, client: EngineClient) -> None:
        """1..8 CPUs, RAM a multiple of 4 KiB. Raises EngineError when the host refuses."""
        library = engine_library()
        self.layout = library.layout
        self.cpu_count = cpus
        self.ram_bytes = ram_bytes
        self.c: Any = library.functions
        self._client = client
        self._failure: BaseException | None = None
        self._callbacks = self._make_callbacks()
        error = ctypes.create_string_buffer(ERROR_BYTES)
        self.handle: int | None = self.c.machine_open(
            cpus, ram_bytes, DEVICE_PHYSICAL, DEVICE_PAGES * PAGE_SIZE, self.layout, self._callbacks, error
        )
        if not self.handle:
            raise EngineError(error.value.decode() or "the host has no memory for the machine")
        self.ram_address: int = self.c.machine_ram(self.handle)
        array = (ctypes.c_ubyte * ram_bytes).from_address(self.ram_address)
        self.ram = memoryview(array).cast("B")

    def close(self) -> None:
        """Frees CPUs and RAM; everything else raises EngineError (``ram``: ValueError) after it.

        May be called twice.
        """
        if self.handle:
            self.ram.release()
            self.c.machine_close(self.handle)
            self.handle, self.c = None, _Closed()

    def __del__(self) -> None:
        if getattr(self, "handle", None):
            self.close()

    def run(self, limits: Limits) -> EngineStop:
        """Runs by the directives given. Raises what a callback raised, and KeyboardInterrupt."""
        watch = Watch(limits.deadline_ns, limits.cpu, limits.instructions, limits.address)
        with interrupts_go_to(self._interrupt):
            stop = EngineStop(self.c.machine_run(self.handle, watch))
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure
        return stop

    def _interrupt(self) -> None:
        self._failure = self._failure or KeyboardInterrupt()
        self.request_stop()

    def request_stop(self) -> None:
        """The run ends at the next block boundary."""
        self.c.machine_request_stop(self.handle)

    @property
    def error(self) -> str:
        """After EngineStop.FAULT, what happened."""
        message: bytes = self.c.machine_error(self.handle)
        return message.decode()

    @property
    def time(self) -> int:
        """Machine time, ns."""
        return int(self.c.machine_time(self.handle))

    @property
    def now(self) -> int:
        """Time of the CPU being served, otherwise machine time, ns."""
        return int(self.c.machine_now(self.handle))

    def read_clock(self, cpu: int) -> int:
        """What a clock read of that CPU gives, ns."""
        return int(self.c.machine_read_clock(self.handle, cpu))

    def set_next_event(self, time: int) -> None:
        """The client's next event, ns; NEVER when there is none."""
        self.c.machine_set_next_event(self.handle, time)

    def set_directives(self, directives: Sequence[DirectiveStruct]) -> None:
        """Replaces all that are left. Raises EngineError when the host has no memory for them."""
        array = (DirectiveStruct * len(directives))(*directives)
        if self.c.machine_set_directives(self.handle, array, len(directives)):
            raise EngineError(f"the host has no memory for {len(directives)} directives")

    def directives(self) -> list[DirectiveStruct]:
        """Those not used up."""
        count = self.c.machine_get_directives(self.handle, None, 0)
        array = (DirectiveStruct * count)()
        self.c.machine_get_directives(self.handle, array, count)
        return list(array)

    def watch_stretches(self, points: Sequence[StretchPointStruct]) -> None:
        """From now on, with all figures zero. Raises EngineError when there are too many."""
        array = (StretchPointStruct * len(points))(*points)
        if self.c.machine_watch_stretches(self.handle, array, len(points)):
            raise EngineError(f"{len(points)} addresses cannot be watched")

    def unwatch_stretches(self) -> None:
        """The figures are gone."""
        self.c.machine_unwatch_stretches(self.handle)

    def stretch(self, stretch: int) -> StretchStruct:
        """Of one kind, while it is watched."""
        figures = StretchStruct()
        self.c.machine_get_stretch(self.handle, stretch, ctypes.byref(figures))
        return figures

    def gap(self, cpu: int) -> StretchStruct:
        """Between two of the CPU's beats, while stretches are watched."""
        figures = StretchStruct()
        self.c.cpu_get_gap(self.handle, cpu, ctypes.byref(figures))
        return figures

    def interrupts_off(self, cpu: int) -> StretchStruct:
        """While stretches are watched."""
        figures = StretchStruct()
        self.c.cpu_get_interrupts_off(self.handle, cpu, ctypes.byref(figures))
        return figures

    def watch_profile(self, ranges: Sequence[ProfileRangeStruct]) -> None:
        """Counts executions in the ranges' own memory, which stays with who gave it, from now on.

        Raises EngineError when there are too many.
        """
        array = (ProfileRangeStruct * len(ranges))(*ranges)
        if self.c.machine_watch_profile(self.handle, array, len(ranges)):
            raise EngineError(f"executions cannot be counted in {len(ranges)} ranges")

    def unwatch_profile(self) -> None:
        """The counts stay as they are."""
        self.c.machine_unwatch_profile(self.handle)

    def log_points(self, points: Iterable[LogPointStruct], exceptions: bool, most: int) -> None:
        """From now on, each address once, in at most ``most`` records until they are taken.

        Raises EngineError.
        """
        if self.c.machine_logs_points(self.handle):
            raise EngineError("this machine's points are logged already: one log at a time")
        ordered = sorted(points, key=lambda point: int(point.address))
        array = (LogPointStruct * len(ordered))(*ordered)
        if self.c.machine_log_points(self.handle, array, len(array), exceptions, most):
            raise EngineError(
                f"{len(array)} points cannot be logged (different ones on a machine: {POINTS_MAX})"
            )

    def unlog_points(self) -> None:
        """The records are gone."""
        self.c.machine_unlog_points(self.handle)

    def take_points(self) -> tuple[Sequence[PointStruct], int]:
        """The records since the last call, while they are logged, and how many were lost after them."""
        lost = ctypes.c_uint64()
        count = self.c.machine_points_logged(self.handle, lost)
        records = (PointStruct * count)()
        self.c.machine_take_points(self.handle, records)
        return records, lost.value

    def take_log(self) -> bytes:
        """Records of slices since the last call: pairs of 64-bit words in the host's byte order."""
        array = (SliceRecord * LOG_MAX)()
        count = self.c.machine_take_log(self.handle, array)
        return bytes(array)[: count * ctypes.sizeof(SliceRecord)]

    def seed(self, seed: int) -> None:
        """Seeds the schedule's generator."""
        self.c.machine_seed(self.handle, seed)

    def clear_ram(self) -> None:
        """Every byte is zero afterwards."""
        self.c.machine_clear_ram(self.handle)

    def used_pages(self) -> list[int]:
        """Numbers of the pages of RAM that are not all zero, ascending."""
        numbers = (ctypes.c_uint32 * (self.ram_bytes // PAGE_SIZE))()
        return list(numbers[: self.c.machine_used_pages(self.handle, numbers)])

    def end_slice(self) -> None:
        """Ends the slice in progress, so that another policy can take over here."""
        self.c.machine_end_slice(self.handle)

    def flush_code(self) -> None:
        """Instructions in RAM were changed by the host."""
        self.c.machine_flush_code(self.handle)

    def flush_tlb(self) -> None:
        """Page tables in RAM were changed by the host."""
        self.c.machine_flush_tlb(self.handle)

    def start_cpu(self, cpu: int, entry: int, argument: int) -> None:
        """Real mode at physical ``entry``, r3 = cpu, r4 = argument."""
        self.c.cpu_start(self.handle, cpu, entry, argument)

    def inject(self, cpu: int, vector: int) -> bool:
        """The CPU takes an exception as soon as it may; False when it is off or has one already."""
        return not self.c.cpu_inject(self.handle, cpu, vector)

    def set_line(self, line: int, level: bool) -> None:
        """Level of an external interrupt line."""
        self.c.machine_set_line(self.handle, line, level)

    def control(self) -> MachineControl:
        """The machine's state beside CPUs, RAM and interrupts."""
        control = MachineControl()
        self.c.machine_get_control(self.handle, control)
        return control

    def set_control(self, control: MachineControl) -> None:
        """Takes back what ``control`` gave."""
        self.c.machine_set_control(self.handle, control)

    def interrupts(self) -> InterruptController:
        """State of the interrupt controller."""
        controller = InterruptController()
        self.c.machine_get_interrupts(self.handle, controller)
        return controller

    def set_interrupts(self, controller: InterruptController) -> None:
        """Takes back what ``interrupts`` gave."""
        self.c.machine_set_interrupts(self.handle, controller)

    def cpu_control(self, cpu: int) -> CpuControl:
        """A CPU's state beside its registers."""
        control = CpuControl()
        self.c.cpu_get_control(self.handle, cpu, control)
        return control

    def set_cpu_control(self, cpu: int, control: CpuControl) -> None:
        """Takes back what ``cpu_control`` gave."""
        self.c.cpu_set_control(self.handle, cpu, control)

    def read_context(self, cpu: int, offset: int, size: int) -> bytes:
        """Bytes of the CPU's saved context; offsets as in ``layout``."""
        buffer = ctypes.create_string_buffer(size)
        self.c.cpu_read_context(self.handle, cpu, offset, buffer, size)
        return buffer.raw

    def write_context(self, cpu: int, offset: int, data: bytes) -> None:
        """The opposite of ``read_context``; for MSR and FPSCR use the setters."""
        self.c.cpu_write_context(self.handle, cpu, offset, data, len(data))

    def set_msr(self, cpu: int, value: int) -> None:
        """MSR and what derives from it; HV stays on."""
        self.c.cpu_set_msr(self.handle, cpu, value)

    def set_fpscr(self, cpu: int, value: int) -> None:
        """FPSCR and what derives from it."""
        self.c.cpu_set_fpscr(self.handle, cpu, value)

    def translate(self, cpu: int, effective: int, real: bool = False) -> int | None:
        """Physical address, or None when nothing is mapped there."""
        physical = ctypes.c_uint64()
        found = self.c.cpu_translate(self.handle, cpu, effective, real, physical)
        return physical.value if found else None

    def _guarded(self, call: Callable[[], int], failed: int) -> int:
        """Exceptions cannot pass through C: they wait until the run has ended."""
        try:
            return call()
        except BaseException as failure:
            self._failure = self._failure or failure
            self.request_stop()
            return failed

    def _make_callbacks(self) -> Callbacks:
        def hypercall(cpu: int, number: int, arguments: _Words, value: _Words) -> int:
            def serve() -> int:
                status, result = self._client.hypercall(cpu, number, tuple(arguments[:6]))
                value[0] = result
                return status

            return self._guarded(serve, 0)

        def device_read(cpu: int, offset: int, size: int, value: _Words) -> int:
            def serve() -> int:
                result = self._client.device_read(cpu, offset, size)
                if result is not None:
                    value[0] = result
                return int(result is None)

            return self._guarded(serve, 0)

        def device_write(cpu: int, offset: int, size: int, value: int) -> int:
            return self._guarded(lambda: int(not self._client.device_write(cpu, offset, size, value)), 0)

        def events(now: int) -> None:
            def serve() -> int:
                self._client.events(now)
                return 0

            if self._guarded(serve, 1):
                self.set_next_event(NEVER)

        return Callbacks(
            HypercallFunction(hypercall),
            ReadFunction(device_read),
            WriteFunction(device_write),
            EventsFunction(events),
        )
