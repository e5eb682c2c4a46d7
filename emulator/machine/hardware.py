"""The bare machine: RAM, CPUs, bus, virtual time and the run loop, without any particular device."""

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypeAlias

from emulator.abi.status import Code
from emulator.cpu.binding import NEVER, DirectiveStruct, EngineStop
from emulator.cpu.engine import Engine, Limits
from emulator.cpu.self_check import check_engine
from emulator.errors import EvergreenError, UsageError
from emulator.machine.bus import Bus
from emulator.machine.config import MachineConfig
from emulator.machine.cpu import Cpu
from emulator.machine.device import Device
from emulator.machine.digest import ScheduleDigest
from emulator.machine.image import load_elf
from emulator.machine.memory import Memory
from emulator.machine.policy import Directive, Policy
from emulator.machine.saving import hash_machine, restore_machine, save_machine
from emulator.machine.state import MachineState
from emulator.machine.stop import StopReason

HypercallHandler: TypeAlias = Callable[[int, int, tuple[int, ...]], tuple[int, int]]
"""(cpu, number, r4..r9) -> (status, value)."""


@dataclass(frozen=True)
class Until:
    """Where a run ends at the latest. Looking changes nothing: the machine goes on as if it had not
    stopped."""

    deadline_ns: int | None = None
    """Machine time; the run ends with the slice that reaches it."""
    cpu: int = 0
    """The CPU that the next two speak of."""
    instructions: int | None = None
    """Its total. Exact, also inside a block."""
    address: int | None = None
    """Effective; the CPU has not yet executed the instruction there."""


@dataclass(frozen=True)
class Stop:
    """Why and where a run ended."""

    reason: StopReason
    virtual_ns: int
    """Machine time."""
    message: str = ""
    """What happened, for a fault of the engine."""
    reached: bool = False
    """STOPPED because the instruction count or address of ``Until``, or the ``stop`` of a script, was
    reached."""


class Hardware:
    """Owns the engine. One host thread uses it; close it, or leave its ``with``, to give the memory back."""

    def __init__(self, config: MachineConfig | None = None) -> None:
        """Raises EngineError when the engine is missing or does not behave."""
        check_engine()
        self.config = config or MachineConfig()
        self.on_hypercall: HypercallHandler = _unsupported
        self.on_pause: Callable[[], None] = _nothing
        """Called now and then during a run, between two slices, for who looks at it piece by piece."""
        self.engine = Engine(self.config.cpus, self.config.memory, self)
        self.engine.seed(self.config.seed)
        self.memory = Memory(self.engine)
        self.cpus = tuple(Cpu(self.engine, self.memory, number) for number in range(self.config.cpus))
        self.bus = Bus(self.engine, self.memory, self.stop)
        self.policy = copy(self.config.policy)  # a script remembers how far it is: each machine has its own
        self._digest = ScheduleDigest()
        self._requested: StopReason | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Frees RAM and CPUs. May be called twice."""
        self.engine.close()

    @property
    def time(self) -> int:
        """Machine time: the least of the CPUs that are neither idle nor held, ns."""
        return self.engine.time

    def attach(self, device: Device) -> None:
        """Raises UsageError when the device's page does not exist or is taken."""
        self.bus.attach(device)

    def load_elf(self, image: bytes) -> int:
        """Copies a linked image to its physical addresses; returns its entry. Raises UsageError."""
        entry = load_elf(self.memory, image)
        self.engine.flush_code()
        return entry

    def stop(self, reason: StopReason) -> None:
        """From a device or hypercall: the run ends at the next block boundary, for this reason."""
        self._requested = self._requested or reason
        self.engine.request_stop()

    def run(self, until: Until | None = None) -> Stop:
        """Runs until something ends it. An exception of a device or hypercall handler becomes
        ENGINE_FAULT."""
        until = until or Until()
        if self._is_reached(until):
            return Stop(StopReason.STOPPED, self.time, reached=True)
        self._requested = None
        try:
            return self._run(_limits(until))
        except EvergreenError:
            raise
        except Exception as failure:
            message = f"{type(failure).__name__}: {failure}"
            return Stop(StopReason.ENGINE_FAULT, self.time, message)

    def _is_reached(self, until: Until) -> bool:
        goal = until.instructions
        return goal is not None and self.cpus[until.cpu].instructions >= goal

    def run_for(self, nanoseconds: int) -> Stop:
        """Runs until machine time has advanced so far, or something else ends it."""
        return self.run(Until(deadline_ns=self.time + nanoseconds))

    def _run(self, limits: Limits) -> Stop:
        while True:
            stop = self.engine.run(limits)
            if stop is EngineStop.DIRECTIVES:
                self._refill()
            elif stop is EngineStop.LOG_FULL:
                self._digest.add(self.engine.take_log())
                self.on_pause()
            else:
                return self._describe(stop)

    def use_policy(self, policy: Policy, seed: int | None = None) -> None:
        """From here on another schedule, or the same kind with another seed (0..2**64-1)."""
        self.engine.end_slice()
        self.engine.set_directives([])
        self.policy = policy
        if seed is not None:
            self.engine.seed(seed)

    def direct(self, directives: Sequence[Directive]) -> None:
        """Puts directives before those that the policy still has; they are part of the schedule from here
        on."""
        self.engine.end_slice()
        added = [_structure(directive) for directive in directives]
        self.engine.set_directives([*added, *self.engine.directives()])

    def save(self) -> MachineState:
        """The whole machine as plain data; between runs only."""
        self._digest.add(self.engine.take_log())
        policy = (self.policy.name, self.policy.get_state())
        return save_machine(self.engine, self.bus, policy, self._digest.get_state())

    def restore(self, state: MachineState) -> None:
        """Goes on where the saved machine was, in this or another process.

        Raises UsageError when this machine is built differently or runs by a policy of another name.
        """
        name, policy_state = state.policy
        if name != self.policy.name:
            raise UsageError(
                f"the state was saved under policy {name}, this machine runs by {self.policy.name}"
            )
        restore_machine(self.engine, self.bus, state)
        self.policy.set_state(policy_state)
        self._digest.set_state(state.digest)

    def state_hash(self) -> str:
        """Over RAM, CPUs and devices: 64 hexadecimal digits. Nothing of the host enters."""
        return hash_machine(self.engine, self.bus)

    def schedule_digest(self) -> str:
        """Over every executed slice up to now: 64 hexadecimal digits."""
        self._digest.add(self.engine.take_log())
        return self._digest.hexadecimal()

    def _refill(self) -> None:
        self.engine.set_directives([_structure(directive) for directive in self.policy.directives()])

    def _describe(self, stop: EngineStop) -> Stop:
        time = self.time
        if stop is EngineStop.FAULT:
            return Stop(StopReason.ENGINE_FAULT, time, self.engine.error)
        if stop is EngineStop.REQUESTED:
            return Stop(self._requested or StopReason.STOPPED, time)
        if stop in (EngineStop.INSTRUCTIONS, EngineStop.ADDRESS, EngineStop.SCRIPT):
            return Stop(StopReason.STOPPED, time, reached=True)
        return Stop(StopReason.IDLE if stop is EngineStop.IDLE else StopReason.DEADLINE, time)

    def hypercall(self, cpu: int, number: int, arguments: tuple[int, ...]) -> tuple[int, int]:
        """Called by the engine."""
        return self.on_hypercall(cpu, number, arguments)

    def device_read(self, cpu: int, offset: int, size: int) -> int | None:
        """Called by the engine."""
        return self.bus.read_register(cpu, offset, size)

    def device_write(self, cpu: int, offset: int, size: int, value: int) -> bool:
        """Called by the engine."""
        return self.bus.write_register(cpu, offset, size, value)

    def events(self, now: int) -> None:
        """Called by the engine."""
        self.bus.run_events(now)


def _structure(directive: Directive) -> DirectiveStruct:
    return DirectiveStruct(
        directive.kind, directive.cpu, directive.amount, directive.address, directive.thread
    )


def _limits(until: Until) -> Limits:
    def limit(value: int | None) -> int:
        return NEVER if value is None else value

    return Limits(limit(until.deadline_ns), until.cpu, limit(until.instructions), limit(until.address))


def _nothing() -> None:
    pass


def _unsupported(cpu: int, number: int, arguments: tuple[int, ...]) -> tuple[int, int]:
    del cpu, number, arguments
    return Code.UNSUPPORTED, 0
