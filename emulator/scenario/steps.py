"""The steps of a scenario: each class is one ``do`` word, its fields are the keys (docs/scenarios.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Final

from emulator.abi.loader import ConversionMode
from emulator.scenario.tables import key
from emulator.scenario.values import (
    Duration,
    Figure,
    FigureName,
    Flag,
    Integer,
    Integers,
    Pattern,
    Policy,
    Text,
    UpdateName,
    Word,
)

SECOND: Final = 1_000_000_000
LISTS: Final = (
    "cpus",
    "threads",
    "objects",
    "classes",
    "factories",
    "adaptors",
    "adaptor-plans",
    "modules",
    "updates",
    "memory",
    "stalled",
    "workloads",
    "owners",
    "commands",
    "trace-points",
    "trace-records",
)
"""What the guest can be asked for as a whole."""
DETAILS: Final = ("object", "counts", "instances", "workload", "backtrace", "holders")
"""What it can be asked of one reference, class, workload, thread or module."""
FIGURES: Final = (
    "workload",
    "adaptors",
    "updates",
    "memory",
    "objects",
    "virtual_ns",
    "paging",
)
"""First words of the names of figures."""
MODES: Final = {mode.name.lower(): mode for mode in ConversionMode}
"""How the instances that exist are converted."""


def within(default: int = SECOND) -> Any:  # noqa: ANN401 (a dataclass field)
    """How long the guest may take, in ns of virtual time."""
    return key(Duration(), default=default)


@dataclass(frozen=True, kw_only=True)
class Step:
    """Something that is done while the machine stands still, or that lets it run until something is so."""

    do: ClassVar[str]
    line: int = 0
    """Where it stands in its file, from 1; 0: nowhere."""
    at: int | None = key(Duration(), default=None)
    """Let the machine run to this virtual time first; None: as soon as the step before is done."""
    counts: tuple[int, ...] | None = key(Integers(), default=None)
    """Instructions that the CPUs must have executed when it is done; else the run has diverged."""
    fails: str | None = key(Pattern(), default=None)
    """The step must fail, with a message in which this occurs."""

    def refusal(self) -> str | None:
        """What is wrong with the keys taken together."""
        return None


@dataclass(frozen=True, kw_only=True)
class Boot(Step):
    """Runs until the kernel is ready. The first step of every scenario, and only there."""

    do = "boot"
    within: int = within()


@dataclass(frozen=True, kw_only=True)
class Start(Step):
    """Starts a workload and goes on at once."""

    do = "start"
    workload: str = key(Text())
    clients: int = key(Integer(0, 64), default=0)
    """Threads, spread over the CPUs; 0: one for each CPU."""
    operations: int = key(Integer(), default=0)
    """Of each client; 0: until it is stopped."""
    seed: int | None = key(Integer(0, (1 << 64) - 1), default=None)
    """Of the clients' streams of random numbers, instead of the scenario's."""
    grab: int = key(Integer(), default=0)
    """Blocks of pages that a job mix's memory job takes at the most; 0: a few. Many make memory short."""


@dataclass(frozen=True, kw_only=True)
class Stop(Step):
    """Stops a workload and waits until its clients have ended and its result has been verified."""

    do = "stop"
    workload: str = key(Text())
    within: int = within()


@dataclass(frozen=True, kw_only=True)
class Wait(Step):
    """Lets the machine run: for some time, to a time, or until a workload has ended or done so much."""

    do = "wait"
    time: int | None = key(Duration(), default=None)
    workload: str | None = key(Text(), default=None)
    operations: int | None = key(Integer(1), default=None)
    within: int = within(10 * SECOND)

    def refusal(self) -> str | None:
        """See the base class."""
        if self.time is None and self.workload is None and self.at is None:
            return "wait takes time, workload or at"
        if self.time is not None and self.workload is not None:
            return "wait takes either time or workload"
        if self.operations is not None and self.workload is None:
            return "operations go with a workload"
        return None


@dataclass(frozen=True, kw_only=True)
class Apply(Step):
    """Applies an update and waits until it is in service. Of an ordered set all modules, or none."""

    do = "apply"
    update: str = key(Text(), default=".")
    """A shipped update's name, a folder or a module's file (.ko), from the scenario's own folder."""
    wait: bool = key(Flag(), default=True)
    """False: go on at once, to look at the update or to cancel it while it is being applied."""
    mode: str | None = key(Word(tuple(MODES)), default=None)
    """How instances are converted; None: as the update itself says."""
    within: int = within(20 * SECOND)

    @property
    def conversion(self) -> ConversionMode | None:
        """The mode as the guest knows it."""
        return None if self.mode is None else MODES[self.mode]


@dataclass(frozen=True, kw_only=True)
class Unload(Step):
    """Unloads a module that nobody uses any more."""

    do = "unload"
    module: str = key(Text())
    within: int = within()


@dataclass(frozen=True, kw_only=True)
class Swap(Step):
    """Hot-swaps an object with a new one of a class that the guest knows; waits for the end of the swap."""

    do = "swap"
    object: str = key(Text())
    class_name: str = key(Text(), name="class")
    within: int = within()


@dataclass(frozen=True, kw_only=True)
class Create(Step):
    """Creates an object of a class."""

    do = "create"
    class_name: str = key(Text(), name="class")


@dataclass(frozen=True, kw_only=True)
class Destroy(Step):
    """Destroys an object."""

    do = "destroy"
    object: str = key(Text())


@dataclass(frozen=True, kw_only=True)
class DefaultFactory(Step):
    """Has objects of a kind made by a class' factory, where no class is named."""

    do = "default-factory"
    kind: str = key(Text())
    class_name: str = key(Text(), name="class")


@dataclass(frozen=True, kw_only=True)
class Watch(Step):
    """Puts a counting arbiter on a reference."""

    do = "watch"
    object: str = key(Text())


@dataclass(frozen=True, kw_only=True)
class Unwatch(Step):
    """Takes the arbiter off; the step's result has calls and instructions by method."""

    do = "unwatch"
    object: str = key(Text())


@dataclass(frozen=True, kw_only=True)
class Adapt(Step):
    """Puts a null adaptor on a reference, as one would to measure what it costs."""

    do = "adapt"
    object: str = key(Text())


@dataclass(frozen=True, kw_only=True)
class Unadapt(Step):
    """Takes a null adaptor off."""

    do = "unadapt"
    object: str = key(Text())


@dataclass(frozen=True, kw_only=True)
class Look(Step):
    """Asks the guest what there is; the step's result has the answer as rows."""

    do = "look"
    what: str = key(Word((*LISTS, *DETAILS)))
    of: str | None = key(Text(), default=None)
    """A reference, the name of a class or workload, or a thread's id, where the question is about one."""

    def refusal(self) -> str | None:
        """See the base class."""
        if (self.of is None) == (self.what in DETAILS):
            return f'"of" goes with {", ".join(DETAILS)}, and only with these'
        if self.what == "backtrace" and not (self.of or "").isdecimal():
            return f'"of" of a backtrace is the id of a thread, not "{self.of}"'
        return None


@dataclass(frozen=True, kw_only=True)
class Advance(Step):
    """Lets one CPU execute some instructions, the others as the schedule has it."""

    do = "step"
    instructions: int = key(Integer(1), default=1)
    cpu: int = key(Integer(0, 7), default=0)
    within: int = within()


@dataclass(frozen=True, kw_only=True)
class Assemble(Step):
    """Writes instructions over guest code."""

    do = "assemble"
    place: str = key(Text())
    """``symbol+offset`` or ``0xADDRESS``."""
    instructions: str = key(Text())
    """As assembly text, several separated by ``;``."""


@dataclass(frozen=True, kw_only=True)
class Cancel(Step):
    """Cancels an update that is being applied, and waits until the old version is back."""

    do = "cancel"
    update: int | str = key(UpdateName())
    """Its name, of several the newest, or the guest's id."""
    within: int = within(20 * SECOND)


@dataclass(frozen=True, kw_only=True)
class Revert(Step):
    """Takes an active update back, and waits until its module is gone."""

    do = "revert"
    update: int | str = key(UpdateName())
    """Its name, of several the newest, or the guest's id."""
    within: int = within(20 * SECOND)


@dataclass(frozen=True, kw_only=True)
class Save(Step):
    """Keeps the machine as it is now in a file, a checkpoint."""

    do = "save"
    file: str = key(Text())
    """Relative to the scenario's folder."""


@dataclass(frozen=True, kw_only=True)
class Restore(Step):
    """Goes on where a machine was that was kept in a file; as the first step, in place of a boot."""

    do = "restore"
    file: str = key(Text())
    """Relative to the scenario's folder."""


@dataclass(frozen=True, kw_only=True)
class Hold(Step):
    """Sets a guest thread aside, still counted, until it is released."""

    do = "hold"
    thread: int = key(Integer(1))


@dataclass(frozen=True, kw_only=True)
class Release(Step):
    """Lets a held thread go on."""

    do = "release"
    thread: int = key(Integer(1))


@dataclass(frozen=True, kw_only=True)
class Schedule(Step):
    """From here on another policy; a random one starts at its seed."""

    do = "schedule"
    policy: str | None = key(Policy(), default=None)
    """None: the kind that there is, from its beginning."""
    quantum: int | None = key(Integer(), default=None)
    seed: int | None = key(Integer(0, (1 << 64) - 1), default=None)


@dataclass(frozen=True, kw_only=True)
class ExpectConsole(Step):
    """Waits until the console has shown a line that holds a text, or matches a regular expression."""

    do = "expect-console"
    text: str | None = key(Text(), default=None)
    pattern: str | None = key(Pattern(), default=None)
    within: int = within()

    def refusal(self) -> str | None:
        """See the base class."""
        if (self.text is None) == (self.pattern is None):
            return "expect-console takes either text or pattern"
        return None


@dataclass(frozen=True, kw_only=True)
class Expect(Step):
    """Compares a figure of the run so far."""

    do = "expect"
    figure: str = key(FigureName(FIGURES))
    """A dotted name: "workload.errors", "updates.NAME.calls_blocked"."""
    equals: int | str | None = key(Figure(), name="is", default=None)
    at_least: int | None = key(Integer(), default=None)
    at_most: int | None = key(Integer(), default=None)

    def refusal(self) -> str | None:
        """See the base class."""
        if self.equals is None and self.at_least is None and self.at_most is None:
            return "expect takes is, at-least or at-most"
        return None


@dataclass(frozen=True, kw_only=True)
class Trace(Step):
    """Switches the trace points of a name on or off."""

    do = "trace"
    point: str = key(Text())
    on: bool = key(Flag(), default=True)


@dataclass(frozen=True, kw_only=True)
class Command(Step):
    """Runs a command of the kernel or of a module; what it says is on the console."""

    do = "command"
    name: str = key(Text())
    words: str = key(Text(), default="")


@dataclass(frozen=True, kw_only=True)
class Test(Step):
    """Runs the in-guest tests that modules have brought; fails when one fails or there is none."""

    __test__: ClassVar[bool] = False  # to pytest, which would take it for a test

    do = "test"
    tests: str = key(Text())
    """How their names begin."""


@dataclass(frozen=True, kw_only=True)
class Drain(Step):
    """Empties the guest's caches and frees what waits for a generation, before memory is compared."""

    do = "drain"
    within: int = within()


@dataclass(frozen=True, kw_only=True)
class PowerOff(Step):
    """Asks the guest to end its run in order. After it only the disk can be looked at."""

    do = "power-off"
    within: int = within()


@dataclass(frozen=True, kw_only=True)
class CheckDisk(Step):
    """Looks at the file system on the disk, as if its power were off: nothing may be wrong with it."""

    do = "check-disk"
    files: int | None = key(Integer(), default=None)
    """So many must be there."""
    path: str | None = key(Text(), default=None)
    """A file that must be there."""
    bytes: int | None = key(Integer(), default=None)
    """Its length."""
    begins: str | None = key(Text(), default=None)
    """What it begins with."""

    def refusal(self) -> str | None:
        """See the base class."""
        if self.path is None and (self.bytes is not None or self.begins is not None):
            return "bytes and begins go with a path"
        return None
