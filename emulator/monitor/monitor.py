"""What a person or program asks of the running guest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from emulator.abi.loader import ConversionMode
from emulator.abi.mailbox import Operation
from emulator.abi.values import Value, integer, items, text
from emulator.devices.loader import ModuleLoader
from emulator.devices.mailbox import Mailbox, Reply
from emulator.errors import EvergreenError, GuestError, UsageError
from emulator.machine import Cpu, Hardware, Stop, StopReason, Until
from emulator.modules.demangle import without_parameters
from emulator.monitor.backtrace import Frame, cpu_stack, frames
from emulator.monitor.code import ADDRESS_SIZE, INSTRUCTION_SIZE, Instruction, assemble, disassemble
from emulator.monitor.demands import Demands
from emulator.monitor.guest_calls import GuestCalls
from emulator.monitor.guest_commands import GuestCommands
from emulator.monitor.journal import Journal
from emulator.monitor.module_registry import ModuleRegistry
from emulator.monitor.owners import Owners
from emulator.monitor.records import SwapFailed, SwapRecord, UpdateRecord
from emulator.monitor.replies import (
    AdaptorInfo,
    AdaptorPlanInfo,
    ClassInfo,
    CpuInfo,
    FactoryInfo,
    InstanceInfo,
    MemoryInfo,
    MethodCount,
    ModuleInfo,
    ObjectDetails,
    ObjectInfo,
    StalledInfo,
    ThreadInfo,
    UpdateInfo,
    WorkloadStatus,
)
from emulator.monitor.requests import DEFAULT_LIMIT_NS, Requests
from emulator.monitor.symboliser import Symboliser
from emulator.monitor.thread_stacks import ThreadStacks
from emulator.monitor.tracing import Tracing
from emulator.monitor.undo import UNDO_LIMIT_NS, Undo
from emulator.monitor.updates import Updates
from emulator.monitor.workloads import Workloads


class Monitor:
    """Typed requests to the guest. It takes part in no state but the registry's: all else is the machine's.

    A method that asks the guest runs the machine until it has answered, at most ``limit_ns`` of virtual time
    (0.5 s where no limit can be given), and raises GuestError when the guest refuses, panics, is off or does
    not answer. A reference is ``name`` or ``@index.sequence``.
    """

    def __init__(
        self,
        hardware: Hardware,
        mailbox: Mailbox,
        loader: ModuleLoader,
        calls: GuestCalls,
        registry: ModuleRegistry,
        symbols: Symboliser,
        run: Callable[[Until], Stop],
    ) -> None:
        """``run`` runs the machine as its owner does."""
        self._hardware = hardware
        self._mailbox = mailbox
        self._calls = calls
        self._registry = registry
        self._symbols = symbols
        self._journal = Journal(mailbox)
        self._requests = Requests(hardware, mailbox, run)
        self._stacks = ThreadStacks(hardware, self._requests, symbols)
        self._updates = Updates(loader, registry, self._journal, self._requests, self.catch_up)
        self._undo = Undo(registry, self._journal, self._requests, self.catch_up)
        self._workloads = Workloads(hardware, calls, self._requests, self.catch_up)
        self.demands: Final = Demands(hardware, mailbox, loader, registry, self._updates)
        """Of programs, for interfaces."""
        self.tracing: Final = Tracing(self._requests)
        """Trace points, and what they wrote."""
        self.owners: Final = Owners(self._requests, self._module_id)
        """What keeps a module in the guest, and memory by class and module."""
        self.commands: Final = GuestCommands(self._requests)
        """Console commands and in-guest tests."""
        mailbox.on_change = self._notice
        loader.on_change = self._notice
        calls.on_stage = self._requests.notice

    # What happened

    @property
    def swap_records(self) -> list[SwapRecord]:
        """All hot-swaps so far, oldest first."""
        self.catch_up()
        return list(self._journal.swaps.values())

    @property
    def update_records(self) -> list[UpdateRecord]:
        """All updates so far, oldest first."""
        self.catch_up()
        return list(self._journal.updates.values())

    def watch_updates(self, watcher: Callable[[UpdateRecord], None] | None) -> None:
        """``watcher`` is told of an update whenever its state or its progress changes from now on."""
        self.catch_up()
        self._journal.on_update = watcher

    def catch_up(self) -> None:
        """Takes in the guest's events since the last time. After a run; everything here does it by itself."""
        self._registry.catch_up(self._mailbox)
        self._journal.catch_up()

    def get_state(self) -> list[Value]:
        """What the guest would have to be asked for again; the rest is read from the machine."""
        return self._workloads.get_state()

    def restart(self, state: Sequence[Value]) -> None:
        """Another machine's state was restored: reads its events from the start. Raises MalformedValues."""
        self._workloads.set_state(state)
        self._journal.clear()
        self._updates.clear()
        self.demands.clear()
        self.catch_up()

    def may_go_on(self, stop: Stop) -> bool:
        """Serves what programs ask for. Whether the run had ended for nothing else."""
        stopped = stop.reason is StopReason.STOPPED and not stop.reached
        return self.demands.serve() and stopped and not self._requests.waiting

    def _notice(self) -> None:
        self._requests.notice()
        self.demands.notice()

    # Requests without waiting

    def request(self, operation: Operation, *arguments: Value) -> int:
        """Posts a request; its id. Raises UsageError when the arguments do not fit."""
        return self._mailbox.post(operation, *arguments)

    def reply(self, request: int) -> Reply | None:
        """The answer to a request, None while there is none."""
        return self._mailbox.reply(request)

    def run_until(self, ready: Callable[[], bool], limit_ns: int) -> Stop | None:
        """Runs until ``ready``, which is asked whenever mailbox, loader or stages have news.

        The stop that came before it, None when it is ready.
        """
        return self._requests.run_until(ready, limit_ns)

    # Looking

    def ping(self) -> None:
        """Returns when the guest has answered."""
        self._ask(Operation.PING)

    def cpus(self) -> list[CpuInfo]:
        """Every CPU."""
        return [CpuInfo.of(row) for row in self._ask(Operation.CPUS)]

    def threads(self) -> list[ThreadInfo]:
        """Every thread but the idle ones, by id."""
        return sorted(
            (ThreadInfo.of(row) for row in self._ask(Operation.THREADS)), key=lambda thread: thread.id
        )

    def objects(self) -> list[ObjectInfo]:
        """Every object that has a reference."""
        return [ObjectInfo.of(row) for row in self._ask(Operation.OBJECTS)]

    def object(self, reference: str) -> ObjectDetails:
        """One object's particulars."""
        return ObjectDetails.of(self._ask(Operation.OBJECT, reference, what=f"object {reference}"))

    def classes(self) -> list[ClassInfo]:
        """Every registered class."""
        return [ClassInfo.of(row) for row in self._ask(Operation.CLASSES)]

    def factories(self) -> list[FactoryInfo]:
        """Every factory, in the order in which their classes came to be known."""
        return [FactoryInfo.of(row) for row in self._ask(Operation.FACTORIES)]

    def instances(self, class_name: str) -> list[InstanceInfo]:
        """Every instance of a class with a factory."""
        rows = self._ask(Operation.INSTANCES, class_name, what=f"instances of {class_name}")
        return [InstanceInfo.of(row) for row in rows]

    def adaptors(self) -> list[AdaptorInfo]:
        """Every reference with an adaptor, or what is left of one."""
        return [AdaptorInfo.of(row) for row in self._ask(Operation.ADAPTORS)]

    def adaptor_plans(self) -> list[AdaptorPlanInfo]:
        """The same by plan: one row for a class, however many instances have an adaptor."""
        return [AdaptorPlanInfo.of(row) for row in self._ask(Operation.ADAPTOR_PLANS)]

    def modules(self) -> list[ModuleInfo]:
        """Every module in the guest."""
        return [ModuleInfo.of(row) for row in self._ask(Operation.MODULES)]

    def memory(self) -> list[MemoryInfo]:
        """Live bytes and allocations by tag."""
        return [MemoryInfo.of(row) for row in self._ask(Operation.MEMORY)]

    def paging(self) -> dict[str, int]:
        """What paging has done since the start, by name."""
        return {text(name): integer(value) for name, value in map(items, self._ask(Operation.PAGING))}

    def stalled(self) -> list[StalledInfo]:
        """Who is counted, in which generation, inside which object, since when.

        The stacks are looked at one after the other, when the guest has gone on by some microseconds each: of
        threads that are stuck they are exact.
        """
        found = [StalledInfo.of(row) for row in self._ask(Operation.STALLED)]
        return [replace(each, inside=self._stacks.service_function(each.thread)) for each in found]

    def updates(self) -> list[UpdateInfo]:
        """Every update that the guest has on record, oldest first."""
        found = [UpdateInfo.of(row) for row in self._ask(Operation.UPDATES)]
        return sorted(found, key=lambda update: update.id)

    # Objects

    def watch(self, reference: str) -> None:
        """Puts a counting arbiter in front of an object."""
        self._ask(Operation.WATCH, reference, what=f"watch {reference}")

    def watch_counts(self, reference: str) -> list[MethodCount]:
        """Calls and instructions by method, as far as any was called."""
        rows = self._ask(Operation.WATCH_COUNTS, reference, what=f"counts of {reference}")
        return self._named([MethodCount.of(row) for row in rows], reference)

    def unwatch(self, reference: str) -> list[MethodCount]:
        """Takes the arbiter off; its last counts."""
        rows = self._ask(Operation.UNWATCH, reference, what=f"unwatch {reference}")
        return self._named([MethodCount.of(row) for row in rows], reference)

    def adapt(self, reference: str) -> str:
        """Puts a null adaptor in front of an object, which gets another reference: that one."""
        return text(self._ask(Operation.ADAPT, reference, what=f"adapt {reference}")[0])

    def unadapt(self, reference: str) -> None:
        """Takes the null adaptor off: the object has its own reference again."""
        self._ask(Operation.UNADAPT, reference, what=f"unadapt {reference}")

    def create(self, class_name: str) -> str:
        """A new object of a class; its reference."""
        return text(self._ask(Operation.CREATE, class_name, what=f"create {class_name}")[0])

    def destroy(self, reference: str) -> None:
        """Ends an object; not one that has a well-known name."""
        self._ask(Operation.DESTROY, reference, what=f"destroy {reference}")

    def set_default_factory(self, kind: str, class_name: str) -> None:
        """Objects of a kind are made by that class' factory from now on, where no class is named."""
        what = f"default of {kind}: {class_name}"
        self._ask(Operation.DEFAULT_FACTORY, kind, class_name, what=what)

    def start_swap(self, reference: str, class_name: str) -> int:
        """Starts to replace an object by a new one of a class; the swap's id."""
        what = f"swap {reference} with {class_name}"
        return integer(self._ask(Operation.SWAP, reference, class_name, what=what)[0])

    def swap(self, reference: str, class_name: str, *, limit_ns: int = DEFAULT_LIMIT_NS) -> SwapRecord:
        """As ``start_swap``, and waits for its end. Raises SwapFailed when the old object stays."""
        what = f"swap {reference} with {class_name}"
        record = self.finish_swap(self.start_swap(reference, class_name), limit_ns=limit_ns)
        if not record.completed:
            raise SwapFailed(f"{what}: {record.outcome.replace('_', ' ')}", record)
        return record

    def finish_swap(self, swap: int, *, limit_ns: int = DEFAULT_LIMIT_NS) -> SwapRecord:
        """Waits for the end of a swap, whatever it is."""
        self._requests.wait(lambda: self._swap_ended(swap), f"swap {swap}", limit_ns)
        return self._journal.swaps[swap]

    def abort_swap(self, swap: int) -> None:
        """Ends a swap that has not committed: the old object stays."""
        self._ask(Operation.ABORT_SWAP, swap, what=f"abort swap {swap}")

    # Updates

    def apply(
        self, module: Path | bytes, *, limit_ns: int = DEFAULT_LIMIT_NS, mode: ConversionMode | None = None
    ) -> UpdateRecord:
        """Checks and links a module, loads it, and waits until its update is active.

        ``mode`` says how the instances that exist are converted; None: as the module has it. Raises
        ModuleError when the host refuses it (the guest was not touched), UpdateFailed when the guest aborted
        it, UsageError when the file cannot be read.
        """
        return self._updates.apply(module, limit_ns, mode)

    def apply_all(
        self,
        modules: Sequence[Path],
        *,
        limit_ns: int = DEFAULT_LIMIT_NS,
        mode: ConversionMode | None = None,
    ) -> list[UpdateRecord]:
        """An ordered set of modules, one after the other; when one fails, those before it are taken back.

        Raises what ``apply`` and ``revert`` raise.
        """
        records: list[UpdateRecord] = []
        try:
            for module in modules:
                records.append(self.apply(module, limit_ns=limit_ns, mode=mode))
        except EvergreenError:
            for record in reversed(records):
                self.revert(record.id)
            raise
        return records

    def start_apply(self, module: Path | bytes, *, mode: ConversionMode | None = None) -> int:
        """As ``apply``, without waiting; the id of the load. Raises ModuleError and UsageError."""
        return self._updates.start(module, mode)

    def load_outcome(self, load: int) -> UpdateRecord | None:
        """What came of a load, active or aborted; None while it is under way."""
        return self._updates.outcome(load)

    def unload(self, module: int | str) -> None:
        """Takes a module out of the guest, by id or name, that nobody uses any more."""
        self._ask(Operation.UNLOAD, self._module_id(module), what=f"unload {module}")

    def cancel(self, update: int | str, *, limit_ns: int = UNDO_LIMIT_NS) -> UpdateRecord:
        """Ends an update that is being applied, by id or name, and waits until the old version is back.

        Raises UpdateFailed when that fails, GuestError when it is refused: the update is decided already.
        """
        return self._undo.cancel(self._update_id(update), limit_ns)

    def revert(self, update: int | str, *, limit_ns: int = UNDO_LIMIT_NS) -> UpdateRecord:
        """Takes an active update back, by id or name, and waits until its module is gone.

        Raises UpdateFailed when it stays active or is stuck, GuestError when it is refused.
        """
        return self._undo.revert(self._update_id(update), limit_ns)

    # Load

    def workloads(self) -> list[str]:
        """Names of the workloads that this kernel has."""
        return self._workloads.names()

    @property
    def workloads_seen(self) -> dict[str, WorkloadStatus]:
        """How each was when it was last asked for; nothing is asked. A saved machine remembers it."""
        return self._workloads.seen

    def workload_start(self, name: str, **parameters: int) -> None:
        """Starts it: ``clients`` (0: one a CPU), ``operations`` of each (0: no end), ``seed``, ``grab``.

        Raises GuestError for a parameter that it does not have.
        """
        self._workloads.start(name, **parameters)

    def workload_stop(self, name: str) -> None:
        """Its clients end after the operation that they are at."""
        self._workloads.stop(name)

    def workload_status(self, name: str) -> WorkloadStatus:
        """How far it has come."""
        return self._workloads.status(name)

    def workload_wait(self, name: str, *, limit_ns: int = DEFAULT_LIMIT_NS) -> WorkloadStatus:
        """Waits until all its clients have ended; its last figures."""
        return self._workloads.wait(name, limit_ns)

    # Threads and memory

    def hold_thread(self, thread: int) -> None:
        """Sets a thread aside; it stays counted in its generation."""
        self._ask(Operation.HOLD_THREAD, thread, what=f"hold thread {thread}")

    def release_thread(self, thread: int) -> None:
        """Lets a held thread go on."""
        self._ask(Operation.RELEASE_THREAD, thread, what=f"release thread {thread}")

    def drain(self) -> None:
        """Empties the heap's caches and frees what waits to be freed: memory can be compared then."""
        self._ask(Operation.DRAIN)

    def power_off(self, *, limit_ns: int = DEFAULT_LIMIT_NS) -> Stop:
        """The guest ends its run in order; the stop that says so."""
        self._mailbox.post(Operation.POWER_OFF)
        stop = self._requests.run_until(lambda: False, limit_ns)
        if stop is None or stop.reason is not StopReason.HALTED:
            raise GuestError(f"power off: the run ended otherwise: {stop.reason.value if stop else 'ready'}")
        return stop

    # Code and stacks

    def backtrace(self, thread: int) -> list[Frame]:
        """Where a thread is, innermost frame first."""
        return frames(self._symbols, self._stacks.of(thread))

    def cpu_backtrace(self, cpu: int) -> list[Frame]:
        """What a CPU executes now. The guest is not asked and does not run. Raises UsageError."""
        return frames(self._symbols, cpu_stack(self._cpu(cpu), self._symbols))

    def disassemble(self, address: int | str, count: int = 16, *, cpu: int = 0) -> list[Instruction]:
        """Instructions at an address or ``symbol+offset``, as a CPU sees memory. Raises UsageError."""
        start = self._symbols.address(address) if isinstance(address, str) else address
        data = self._cpu(cpu).read(start, count * INSTRUCTION_SIZE)
        if data is None:
            raise UsageError(f"disassemble: {start:#x} and what follows is not mapped")
        return list(disassemble(data, start, self._symbols))

    def assemble(self, address: int | str, instructions: str, *, cpu: int = 0) -> bytes:
        """Writes instructions over guest memory; what they are in bytes. Raises UsageError."""
        start = self._symbols.address(address) if isinstance(address, str) else address
        code = assemble(instructions, start)
        self._write_code(cpu, start, code)
        return code

    def _write_code(self, cpu: int, address: int, code: bytes) -> None:
        places = [self._cpu(cpu).translate(address + at) for at in range(0, len(code), INSTRUCTION_SIZE)]
        if any(place is None or place + INSTRUCTION_SIZE > self._hardware.memory.size for place in places):
            raise UsageError(f"assemble: {address:#x} and what follows is not mapped to memory")
        for index, place in enumerate(places):
            at = index * INSTRUCTION_SIZE
            self._hardware.memory.write(place or 0, code[at : at + INSTRUCTION_SIZE])
        self._hardware.engine.flush_code()

    def _named(self, counts: list[MethodCount], reference: str) -> list[MethodCount]:
        """With the names of the methods, found in the object's virtual table."""
        try:
            table = self.object(reference).values.get("vtable", 0)
        except GuestError:  # the object is gone, its counts are not
            return counts
        return [replace(count, name=self._method_name(int(table), count.method)) for count in counts]

    def _method_name(self, table: int, method: int) -> str:
        entry = self._cpu(0).read(table + method * ADDRESS_SIZE, ADDRESS_SIZE) if table else None
        symbol = "" if entry is None else self._symbols.locate_symbol(int.from_bytes(entry, "big")).symbol
        return without_parameters(symbol).rpartition("::")[2]

    def _cpu(self, number: int) -> Cpu:
        if not 0 <= number < len(self._hardware.cpus):
            raise UsageError(f"CPU {number}: there are {len(self._hardware.cpus)}")
        return self._hardware.cpus[number]

    def _swap_ended(self, swap: int) -> bool:
        self.catch_up()
        record = self._journal.swaps.get(swap)
        return record is not None and not record.running

    def _update_id(self, update: int | str) -> int:
        """The newest of that name that is not over. Raises UsageError."""
        if isinstance(update, int):
            return update
        named = [record for record in self.update_records if record.name == update]
        alive = [record for record in named if record.state not in ("aborted", "unloaded")]
        if not named:
            raise UsageError(f"there is no update {update}")
        return (alive or named)[-1].id

    def _module_id(self, module: int | str) -> int:
        if isinstance(module, int):
            return module
        named = [number for number, placed in self._registry.placed.items() if placed.name == module]
        if not named:
            raise UsageError(f"module {module} is not loaded")
        return named[-1]

    def _ask(self, operation: Operation, *arguments: Value, what: str = "") -> list[Value]:
        values = self._requests.ask(operation, *arguments, what=what)
        self.catch_up()
        return values
