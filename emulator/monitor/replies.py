"""The guest's answers as typed values. Times are virtual ns; references are names or ``@index.sequence``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from emulator.abi.values import Value, integer, items, text

_MINUTE_NS: Final = 60_000_000_000


@dataclass(frozen=True)
class CpuInfo:
    """One CPU, as the guest sees it."""

    id: int
    state: str
    thread: int
    """Id of the thread that runs on it, 0 when it idles."""
    generation: int

    @classmethod
    def of(cls, value: Value) -> CpuInfo:
        """From one row of the reply."""
        cpu, state, thread, generation = items(value)
        return cls(integer(cpu), text(state), integer(thread), integer(generation))


@dataclass(frozen=True)
class ThreadInfo:
    """One thread of the kernel."""

    id: int
    name: str
    cpu: int
    priority: int
    """0 to 31, the highest, with what it inherits."""
    state: str
    instructions: int

    @classmethod
    def of(cls, value: Value) -> ThreadInfo:
        """From one row of the reply."""
        thread, name, cpu, priority, state, instructions = items(value)
        return cls(
            integer(thread), text(name), integer(cpu), integer(priority), text(state), integer(instructions)
        )


@dataclass(frozen=True)
class ObjectInfo:
    """One live object."""

    reference: str
    name: str
    """Its well-known name, empty when it has none."""
    class_name: str
    state: str
    """``live``, ``swapping: PHASE`` or ``watched``."""

    @classmethod
    def of(cls, value: Value) -> ObjectInfo:
        """From one row of the reply."""
        return cls(*(text(item) for item in items(value)))


@dataclass(frozen=True)
class ObjectDetails:
    """Everything that the guest tells of one object."""

    reference: str
    name: str
    class_name: str
    state: str
    values: dict[str, str | int]
    """What else there is, such as ``version``, ``kind``, ``cpus``, ``size``."""

    @classmethod
    def of(cls, values: Sequence[Value]) -> ObjectDetails:
        """From a whole reply."""
        found = pairs(values)
        reference, name, class_name, state = (
            str(found.pop(key, "")) for key in ("reference", "name", "class", "state")
        )
        return cls(reference, name, class_name, state, found)


@dataclass(frozen=True)
class ClassInfo:
    """One registered class."""

    name: str
    version: int
    instances: int
    module: int
    """Id of the module that brought it, 0 for the kernel."""

    @classmethod
    def of(cls, value: Value) -> ClassInfo:
        """From one row of the reply."""
        name, version, instances, module = items(value)
        return cls(text(name), integer(version), integer(instances), integer(module))


@dataclass(frozen=True)
class FactoryInfo:
    """One factory, and how many instances its class has."""

    class_name: str
    kind: str
    version: int
    """Of what it makes."""
    epoch: int
    """How often the version has changed, in whatever direction."""
    default: bool
    """Whether it makes what is asked for by kind alone."""
    current: int
    old: int
    """Not looked at yet by the change of version that is under way."""
    marked: int
    """Will be converted when they are called."""
    failed: int
    """Stay old because their conversion failed."""

    @classmethod
    def of(cls, value: Value) -> FactoryInfo:
        """From one row of the reply."""
        class_name, kind, version, epoch, default, *counts = items(value)
        current, old, marked, failed = map(integer, counts)
        return cls(
            text(class_name),
            text(kind),
            integer(version),
            integer(epoch),
            bool(integer(default)),
            current,
            old,
            marked,
            failed,
        )


@dataclass(frozen=True)
class InstanceInfo:
    """One instance of a class with a factory."""

    reference: str
    version: int
    list: str
    """``current``, ``old``, ``marked``, ``failed`` or ``promoted``: see docs/factories.md."""
    home: int
    """The CPU among whose instances it is: where it was made."""

    @classmethod
    def of(cls, value: Value) -> InstanceInfo:
        """From one row of the reply."""
        reference, version, where, home = items(value)
        return cls(text(reference), integer(version), text(where), integer(home))


@dataclass(frozen=True)
class AdaptorInfo:
    """A reference whose object has got another one."""

    reference: str
    kind: str
    """``adaptor``, or ``dead reference`` when nobody should be calling any more."""
    target: str
    """Where the object is now."""
    calls: int
    callers: int
    """Who may still call it: instances of old versions, other adaptors, and code that is no object."""
    stays: str
    """``until updated``: its callers are; ``until removed``: by hand; ``permanent``: code that is no
    object calls it."""

    @classmethod
    def of(cls, value: Value) -> AdaptorInfo:
        """From one row of the reply."""
        reference, kind, target, calls, callers, stays = items(value)
        return cls(text(reference), text(kind), text(target), integer(calls), integer(callers), text(stays))


@dataclass(frozen=True)
class AdaptorCaller:
    """A class whose instances call an interface that has changed, up to some version or from it on."""

    name: str
    version: int


@dataclass(frozen=True)
class AdaptorPlanInfo:
    """All references that are adapted by one plan: those of a class' instances, or one by itself."""

    what: str
    """The class, or the reference of an object by itself."""
    offers: str
    """The interface that callers find, and the one behind it; empty for an object by itself."""
    leads_to: str
    adaptors: int
    dead: int
    """References where a dead reference stands now."""
    calls: int
    callers: int
    """Instances of the caller classes that are left."""
    stays: str
    """As of AdaptorInfo."""
    caller_classes: tuple[AdaptorCaller, ...]

    @classmethod
    def of(cls, value: Value) -> AdaptorPlanInfo:
        """From one row of the reply."""
        what, offers, leads_to, adaptors, dead, calls, callers, stays, classes = items(value)
        return cls(
            text(what),
            text(offers),
            text(leads_to),
            integer(adaptors),
            integer(dead),
            integer(calls),
            integer(callers),
            text(stays),
            tuple(
                AdaptorCaller(text(name), integer(version)) for name, version in map(items, items(classes))
            ),
        )


@dataclass(frozen=True)
class ModuleInfo:
    """One module in the guest."""

    id: int
    name: str
    state: str
    base: int
    pages: int
    users: int

    @classmethod
    def of(cls, value: Value) -> ModuleInfo:
        """From one row of the reply."""
        module, name, state, base, pages, users = items(value)
        return cls(integer(module), text(name), text(state), integer(base), integer(pages), integer(users))


@dataclass(frozen=True)
class MemoryInfo:
    """What is allocated under one tag."""

    tag: str
    bytes: int
    allocations: int

    @classmethod
    def of(cls, value: Value) -> MemoryInfo:
        """From one row of the reply."""
        tag, size, allocations = items(value)
        return cls(text(tag), integer(size), integer(allocations))


@dataclass(frozen=True)
class StalledInfo:
    """One thread that is counted in a generation."""

    thread: int
    name: str
    cpu: int
    generation: int
    reference: str
    """The object of the innermost call that an interposer tracks, empty when none does."""
    since_ns: int
    inside: str = ""
    """The innermost function on its stack that belongs to a service or a module."""

    @classmethod
    def of(cls, value: Value) -> StalledInfo:
        """From one row of the reply."""
        thread, name, cpu, generation, reference, since = items(value)
        return cls(
            integer(thread), text(name), integer(cpu), integer(generation), text(reference), integer(since)
        )


@dataclass(frozen=True)
class ClassChange:
    """One class of an update."""

    name: str
    from_version: int
    """0: the class was new."""
    to_version: int
    epoch: int
    """How often the class had changed its version by then, in whatever direction; 0: not yet."""

    @classmethod
    def of(cls, value: Value) -> ClassChange:
        """From one entry of a row."""
        name, from_version, to_version, epoch = items(value)
        return cls(text(name), integer(from_version), integer(to_version), integer(epoch))


@dataclass(frozen=True)
class UpdateInfo:
    """One update, as the guest has it on record."""

    id: int
    name: str
    state: str
    unconverted: int
    """Instances that will be converted: ``marked`` and ``left`` together."""
    failed: int
    """Instances that stay old because their transfer failed."""
    converted: int = 0
    marked: int = 0
    left: int = 0
    """Instances of the old version that are not even marked."""
    age_ns: int = 0
    classes: tuple[ClassChange, ...] = ()
    reason: str = ""
    """Why it failed, in the guest's words."""
    irreversible: str = ""
    """Why it cannot be undone; empty when it can."""

    @classmethod
    def of(cls, value: Value) -> UpdateInfo:
        """From one row of the reply."""
        update, name, state, *counts, classes, reason, irreversible = items(value)
        unconverted, failed, converted, marked, left, age = map(integer, counts)
        return cls(
            integer(update),
            text(name),
            text(state),
            unconverted,
            failed,
            converted,
            marked,
            left,
            age,
            classes=tuple(map(ClassChange.of, items(classes))),
            reason=text(reason),
            irreversible=text(irreversible),
        )


@dataclass(frozen=True)
class MethodCount:
    """What went through a watched reference to one method."""

    method: int
    """Its slot in the virtual table."""
    calls: int
    instructions: int
    """Of the callers between entry and return."""
    name: str = ""
    """As C++ has it without its namespaces; empty when the object is gone or no CPU has touched it."""

    @classmethod
    def of(cls, value: Value) -> MethodCount:
        """From one row of the reply."""
        method, calls, instructions = (integer(item) for item in items(value))
        return cls(method, calls, instructions)


@dataclass(frozen=True)
class KindFigures:
    """One kind of job among those of a workload that has several."""

    done: int
    wrong: int
    refused: int
    """Of those done: given up for want of memory, which is no wrong answer."""
    parked: int
    """How often one of its calls was parked."""
    longest_ns: int
    """From a job's beginning to its end, waiting included."""


@dataclass(frozen=True)
class Kept:
    """The files that a workload has left on the disk, once it has ended."""

    files: int = 0
    bytes: int = 0
    digest: int = 0
    """Of what is in them, as :mod:`emulator.workload.job_files` computes it from the disk."""


@dataclass(frozen=True)
class WorkloadStatus:
    """How far a workload has come."""

    name: str
    running: int
    """Clients that have not ended."""
    operations: int
    errors: int
    elapsed_ns: int
    """From its start to the end of the last client, or to now."""
    longest_gap_ns: list[int]
    """The longest time without a completed operation, for each CPU."""
    kinds: dict[str, KindFigures]
    """Its jobs by kind; none where all are alike."""
    kept: Kept = Kept()

    @property
    def per_minute(self) -> int:
        """Operations per minute of virtual time."""
        return self.operations * _MINUTE_NS // self.elapsed_ns if self.elapsed_ns else 0

    @classmethod
    def of(cls, name: str, values: Sequence[Value]) -> WorkloadStatus:
        """From a whole reply."""
        found = {text(key): value for key, value in map(items, values)}
        gaps = [integer(gap) for gap in items(found["longest_gap_ns"])]
        running, operations, errors, elapsed = (
            integer(found[key]) for key in ("running", "operations", "errors", "elapsed_ns")
        )
        kinds = {
            text(kind): KindFigures(*map(integer, rest)) for kind, *rest in map(items, items(found["kinds"]))
        }
        kept = Kept(*map(integer, items(found["kept"])))
        return cls(name, running, operations, errors, elapsed, gaps, kinds, kept)

    def to_dict(self) -> dict[str, Any]:
        """As a run's JSON document shows it."""
        return {**asdict(self), "per_minute": self.per_minute}


def pairs(values: Sequence[Value]) -> dict[str, str | int]:
    """``[[key, value]...]`` with numbers and texts. Raises MalformedValues."""
    return {text(key): value if isinstance(value, int) else text(value) for key, value in map(items, values)}
