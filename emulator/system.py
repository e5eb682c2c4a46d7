"""The assembled machine: hardware, devices, the kernel's image and the monitor."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from emulator.abi.hypercalls import Stage
from emulator.abi.mailbox import EventKind
from emulator.abi.memory_map import BOOT_INFO
from emulator.abi.values import MalformedValues
from emulator.boot import boot_information
from emulator.checkpoint import Checkpoint
from emulator.devices.clock import Clock
from emulator.devices.console import Console
from emulator.devices.disk import Disk
from emulator.devices.interrupts import Interrupts
from emulator.devices.loader import ModuleLoader
from emulator.devices.mailbox import GuestEvent, Mailbox
from emulator.devices.power import Power
from emulator.errors import UsageError
from emulator.machine import Cpu, Hardware, Policy, Stop, StopReason, Until
from emulator.monitor import Monitor, PanicReport, Symboliser
from emulator.monitor.guest_calls import GuestCalls, Mark, StageMark
from emulator.monitor.module_registry import ModuleRegistry
from emulator.report import SCHEMA, CpuReport, RunReport
from emulator.system_config import SystemConfig

READY_LIMIT_NS: Final = 2_000_000_000
_PHYSICAL_MASK: Final = 0x0FFF_FFFF_FFFF_FFFF
_ENDS: Final = (StopReason.HALTED, StopReason.PANIC, StopReason.ENGINE_FAULT)


@dataclass(frozen=True)
class Devices:
    """Everything on the bus, and the interrupt controller, which is part of the engine."""

    console: Console
    disk: Disk
    loader: ModuleLoader
    mailbox: Mailbox
    power: Power
    clock: Clock
    interrupts: Interrupts


class Machine:
    """One host thread uses it. Close it, or leave its ``with``, to give the memory back.

    A run stops where it is told to and the guest does not notice: what it does depends on kernel, modules,
    configuration, and on what was asked of it at which stop.
    """

    def __init__(
        self, config: SystemConfig | None = None, *, on_output: Callable[[str], None] | None = None
    ) -> None:
        """Loads the kernel; nothing has run yet. ``on_output`` is told of console text as it comes.

        Raises UsageError for the configuration, BuildError when the kernel must be built and cannot be,
        EngineError when the engine is missing or does not behave.
        """
        self._started = time.perf_counter()
        self.config = config or SystemConfig()
        self.kernel_path = self.config.kernel or _own_kernel()
        image = _read_image(self.kernel_path)
        self.symbols = Symboliser(image)
        self.hardware = Hardware(self.config.machine_config(self.symbols.resolve))
        self._registry = ModuleRegistry(self.symbols)
        self.devices = self._attach_devices(on_output)
        mailbox, loader = self.devices.mailbox, self.devices.loader
        self._calls = GuestCalls(self.hardware, mailbox)
        self.monitor = Monitor(
            self.hardware, mailbox, loader, self._calls, self._registry, self.symbols, self.run
        )
        self.hardware.on_hypercall = self._calls.serve
        self._last_stop: Stop | None = None
        self._console_read = 0
        self._load_kernel(image)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Frees RAM and CPUs. May be called twice."""
        self.hardware.close()

    # Running

    def run(self, until: Until | None = None) -> Stop:
        """Runs until something ends it. After a panic or power-off it does not go on: the same stop again."""
        if self._last_stop is not None and self._last_stop.reason in _ENDS:
            return self._last_stop
        self.monitor.demands.serve()  # a restored machine may have some
        goes_on = True
        while goes_on:
            self._last_stop = self.hardware.run(until)
            self.monitor.catch_up()
            goes_on = self.monitor.may_go_on(self._last_stop)
        assert self._last_stop is not None
        return self._last_stop

    def run_for(self, nanoseconds: int) -> Stop:
        """Runs until machine time has advanced so far; IDLE when nothing will ever happen again."""
        return self.run(Until(deadline_ns=self.hardware.time + nanoseconds))

    def run_until_ready(self, limit_ns: int = READY_LIMIT_NS) -> Stop:
        """Runs until the kernel has started everything: READY, or what ended the run before."""
        stop = self._run_until(lambda: any(mark.stage is Stage.READY for mark in self.stages), limit_ns)
        return self._keep(Stop(StopReason.READY, stop.virtual_ns) if stop.reached else stop)

    def run_until_stage(self, stage: Stage, limit_ns: int) -> Stop:
        """Runs until the guest announces a stage anew: STOPPED and reached, or what ended the run before."""
        seen = len(self.stages)
        return self._run_until(lambda: any(mark.stage is stage for mark in self.stages[seen:]), limit_ns)

    def run_until_event(
        self, kind: EventKind, limit_ns: int, matches: Callable[[GuestEvent], bool] = lambda _event: True
    ) -> Stop:
        """Runs until the guest posts such an event from now on; the stop is at the event itself."""
        mailbox = self.devices.mailbox
        seen = mailbox.events_total
        return self._run_until(
            lambda: any(event.kind is kind and matches(event) for event in mailbox.events_since(seen)),
            limit_ns,
        )

    def run_until_console(self, text: str, limit_ns: int) -> Stop:
        """Runs until the console shows a text, after the place where the last one was found."""

        def shown() -> bool:
            found = self.console.find(text, self._console_read)
            if found >= 0:
                self._console_read = found + len(text)
            return found >= 0

        return self._run_until(shown, limit_ns)

    def use_policy(
        self, policy: str | Policy, *, quantum: int | None = None, seed: int | None = None
    ) -> None:
        """From here on another schedule, or the same kind with another seed or quantum. Raises UsageError."""
        wanted = replace(
            self.config, policy=policy, quantum=self.config.quantum if quantum is None else quantum
        )
        self.hardware.use_policy(wanted.make_policy(self.symbols.resolve), seed)

    @property
    def last_stop(self) -> Stop | None:
        """Why the last run ended; None before the first."""
        return self._last_stop

    # Looking

    @property
    def cpus(self) -> tuple[Cpu, ...]:
        """The CPUs."""
        return self.hardware.cpus

    @property
    def virtual_ns(self) -> int:
        """Machine time."""
        return self.hardware.time

    @property
    def console(self) -> str:
        """Everything that the guest has written."""
        return self.devices.console.text

    @property
    def stages(self) -> list[StageMark]:
        """What the guest has announced, oldest first."""
        return self._calls.stages

    @property
    def marks(self) -> list[Mark]:
        """Measurement points that the guest has passed, oldest first."""
        return self._calls.marks

    @property
    def panic(self) -> PanicReport | None:
        """Of a kernel that panicked, with names; None otherwise."""
        record = self._calls.panic_record
        return None if record is None else PanicReport.of(record, self.symbols)

    @cached_property
    def build_id(self) -> str:
        """Of the kernel, 40 hexadecimal digits."""
        return self.symbols.build_id

    def report(self) -> RunReport:
        """The machine as it is now, for people and programs."""
        stop = self._last_stop or Stop(StopReason.STOPPED, self.virtual_ns)
        panic = self.panic
        return RunReport(
            schema=SCHEMA,
            exit=stop.reason.value,
            seed=self.config.seed,
            cpus=[CpuReport(cpu.id, cpu.instructions) for cpu in self.cpus],
            virtual_ns=self.virtual_ns,
            state_hash=self.hardware.state_hash(),
            schedule_digest=self.hardware.schedule_digest(),
            console=self.console,
            wall_seconds=time.perf_counter() - self._started,
            panic=None if panic is None else panic.text,
            message=stop.message,
        )

    # Saving

    def save(self) -> Checkpoint:
        """The whole machine as plain data; between runs only."""
        return Checkpoint(
            self.build_id,
            self.config.cpus,
            self.config.memory,
            self.config.seed,
            self.hardware.policy.name,
            self.config.quantum,
            self.config.workload_seed,
            self.config.keep_race,
            replace(self.config.disk, path=None, blocks=self.devices.disk.medium.blocks),
            self.hardware.save(),
            tuple(self._calls.get_state()),
            tuple(self._registry.get_state()),
            tuple(self.monitor.get_state()),
        )

    def restore(self, checkpoint: Checkpoint) -> None:
        """Goes on where the saved machine was. Raises UsageError when this one is built differently."""
        if checkpoint.build_id != self.build_id:
            raise UsageError(
                f"the checkpoint is of kernel {checkpoint.build_id}, this one is {self.build_id}: "
                "a machine goes on with the kernel that it began with"
            )
        if checkpoint.policy != self.hardware.policy.name:
            self.hardware.use_policy(checkpoint.make_policy())
        self.hardware.restore(checkpoint.state)
        try:
            self._calls.set_state(checkpoint.calls)
            self._registry.set_state(checkpoint.modules)
            self.monitor.restart(checkpoint.workloads)
        except (MalformedValues, ValueError) as error:
            raise UsageError(f"the checkpoint is damaged: {error}") from None
        self.config = checkpoint.config(kernel=self.config.kernel, disk_image=self.config.disk.path)
        self._last_stop = None
        self._console_read = 0

    @classmethod
    def from_checkpoint(
        cls,
        checkpoint: Checkpoint,
        *,
        kernel: Path | None = None,
        disk_image: Path | None = None,
        on_output: Callable[[str], None] | None = None,
    ) -> Machine:
        """A machine built as the saved one was, at the same point. Raises UsageError.

        ``kernel`` is the image that it ran, if that is not the installation's own; ``disk_image`` is what its
        disk lies over, if that is a file.
        """
        machine = cls(checkpoint.config(kernel=kernel, disk_image=disk_image), on_output=on_output)
        try:
            machine.restore(checkpoint)
        except BaseException:
            machine.close()
            raise
        return machine

    # Making

    def _attach_devices(self, on_output: Callable[[str], None] | None) -> Devices:
        show = None if on_output is None else (lambda data: on_output(data.decode(errors="replace")))
        console, clock = Console(show), Clock(self.hardware.engine.read_clock)
        disk, loader = Disk(self.config.disk), ModuleLoader(self._registry)
        mailbox, power = Mailbox(), Power()
        for device in (console, clock, disk, loader, mailbox, power):
            self.hardware.attach(device)
        return Devices(console, disk, loader, mailbox, power, clock, Interrupts(self.hardware.engine))

    def _load_kernel(self, image: bytes) -> None:
        entry = self.hardware.load_elf(image)
        self.hardware.memory.write(BOOT_INFO, boot_information(self.config, image))
        self.cpus[0].start(entry & _PHYSICAL_MASK, BOOT_INFO)

    def _run_until(self, ready: Callable[[], bool], limit_ns: int) -> Stop:
        stop = self.monitor.run_until(ready, limit_ns)
        return self._keep(Stop(StopReason.STOPPED, self.virtual_ns, reached=True) if stop is None else stop)

    def _keep(self, stop: Stop) -> Stop:
        self._last_stop = stop
        return stop


def _read_image(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"kernel image {path}: {error.strerror}") from None


def _own_kernel() -> Path:
    from toolchain.kernel import build_kernel  # the emulator needs the toolchain for nothing else

    return build_kernel().path
