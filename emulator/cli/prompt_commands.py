"""The commands of the live prompt: what may be typed, and the step that it stands for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from emulator.errors import UsageError
from emulator.scenario import steps
from emulator.scenario.step_table import check_values
from emulator.scenario.values import parse_duration

Words = Sequence[str]


class Completes(Enum):
    """What can stand at a place of a command, for completion."""

    NOTHING = "nothing"
    REFERENCE = "reference"
    CLASS = "class"
    UPDATE = "update"
    MODULE = "module"
    WORKLOAD = "workload"
    SYMBOL = "symbol"
    COMMAND = "command"


@dataclass(frozen=True)
class Command:
    """One command. In ``usage`` capitals stand for something, and brackets for what may be left out."""

    usage: str
    summary: str
    make_step: Callable[[Words], steps.Step] | None = None
    """From the words after the command's name; None for what the prompt does itself."""
    least: int = 0
    """Words that must follow."""
    most: int | None = 0
    """Words that may follow; None: any number."""
    completes: tuple[Completes, ...] = ()
    """By word."""

    @property
    def name(self) -> str:
        """The first word."""
        return self.usage.split()[0]

    def check(self, words: Words) -> None:
        """Raises UsageError unless so many words may follow."""
        if len(words) < self.least or (self.most is not None and len(words) > self.most):
            raise UsageError(f"usage: {self.usage}")


def _list(what: str, summary: str) -> Command:
    return Command(what, summary, lambda _words: steps.Look(what=what))


def _of(what: str, usage: str, summary: str, completes: Completes) -> Command:
    return Command(usage, summary, lambda words: steps.Look(what=what, of=words[0]), 1, 1, (completes,))


def _start(words: Words) -> steps.Step:
    given: dict[str, Any] = {}
    for word in words[1:]:
        name, equals, value = word.partition("=")
        if name not in ("clients", "operations", "seed", "grab") or not equals:
            raise UsageError(f'"{word}": clients=N, operations=N, seed=N or grab=N')
        given[name] = _number(value, name)
    return steps.Start(workload=words[0], **given)


def _swap(words: Words) -> steps.Step:
    if words[1] != "with":
        raise UsageError("usage: swap REF with CLASS")
    return steps.Swap(object=words[0], class_name=words[2])


def _apply(words: Words) -> steps.Step:
    return steps.Apply(update=words[0], mode=words[1] if len(words) > 1 else None)


def _trace(words: Words) -> steps.Step:
    if len(words) > 1 and words[1] != "off":
        raise UsageError("usage: trace POINT [off]")
    return steps.Trace(point=words[0], on=len(words) == 1)


def _advance(words: Words) -> steps.Step:
    count = _number(words[0], "instructions") if words else 1
    return steps.Advance(instructions=count, cpu=_number(words[1], "cpu") if len(words) > 1 else 0)


def _wait(words: Words) -> steps.Step:
    return steps.Wait(time=duration(words[0]))


def duration(word: str) -> int:
    """Virtual time in ns. Raises UsageError."""
    try:
        return parse_duration(word)
    except ValueError:
        raise UsageError(f'"{word}" is no time such as 250us, 20ms or 1.5s') from None


def _number(word: str, name: str) -> int:
    if not word.isdecimal():
        raise UsageError(f'{name}: "{word}" is no number')
    return int(word)


def checked(step: steps.Step) -> steps.Step:
    """The same limits as in a file hold for what is typed. Raises UsageError."""
    wrong = check_values(step)
    if wrong is not None:
        raise UsageError(wrong)
    return step


def _ids(kind: Callable[..., steps.Step], name: str) -> Callable[[Words], steps.Step]:
    return lambda words: kind(**{name: _number(words[0], name)})


def _update(kind: Callable[..., steps.Step]) -> Callable[[Words], steps.Step]:
    return lambda words: kind(update=int(words[0]) if words[0].isdecimal() else words[0])


def _texts(kind: Callable[..., steps.Step], name: str) -> Callable[[Words], steps.Step]:
    return lambda words: kind(**{name: words[0]})


def _without(kind: Callable[[], steps.Step]) -> Callable[[Words], steps.Step]:
    return lambda _words: kind()


def _adaptors(words: Words) -> steps.Step:
    return steps.Look(what="adaptors" if words[:1] == ["all"] else "adaptor-plans")


_COMMANDS: Final = (
    _list("cpus", "CPUs: state, running thread, generation"),
    _list("threads", "threads: state, priority, instructions"),
    _list("objects", "live objects with reference, name, class and state"),
    _of("object", "object REF", "all about one object", Completes.REFERENCE),
    _list("classes", "registered classes and their versions"),
    _list("factories", "factories: version, default, how many instances"),
    _of("instances", "instances CLASS", "the instances of a class with a factory", Completes.CLASS),
    Command("default KIND CLASS", "have objects of a kind made as that class",
            lambda words: steps.DefaultFactory(kind=words[0], class_name=words[1]), 2, 2,
            (Completes.NOTHING, Completes.CLASS)),
    Command("adaptors [all]", "adapted interfaces: of which class, how many references, who calls them; "
            "or each reference", _adaptors, 0, 1),
    _list("modules", "modules in the guest"),
    _list("updates", "updates and their states"),
    _list("memory", "live bytes by tag"),
    _list("stalled", "who is counted, in which generation, inside which object, since when"),
    _list("workloads", "the workloads that there are"),
    _of("workload", "workload NAME", "how far a workload has come", Completes.WORKLOAD),
    _list("owners", "memory by class and module"),
    _of("holders", "holders MODULE", "what keeps a module from being unloaded", Completes.MODULE),
    _list("commands", "commands that the kernel and its modules bring"),
    Command("command NAME [WORDS]", "run one of them; it prints on the console",
            lambda words: steps.Command(name=words[0], words=" ".join(words[1:])), 1, None),
    Command("test PREFIX", "run the in-guest tests that modules have brought", _texts(steps.Test, "tests"),
            1, 1),
    _list("trace-points", "trace points: identifier, name, on or off, records, module"),
    Command("trace POINT [off]", "switch a trace point on, or off", _trace, 1, 2),
    _list("trace-records", "take what was traced out of the guest's logs"),
    Command("start WORKLOAD [clients=N] [operations=N] [seed=N] [grab=N]", "start a workload", _start, 1, 5,
            (Completes.WORKLOAD,)),
    Command("stop WORKLOAD", "stop a workload and wait for its end", _texts(steps.Stop, "workload"), 1, 1,
            (Completes.WORKLOAD,)),
    Command("watch REF", "count the calls of an object", _texts(steps.Watch, "object"), 1, 1,
            (Completes.REFERENCE,)),
    _of("counts", "counts REF", "calls and instructions by method of a watched object", Completes.REFERENCE),
    Command("unwatch REF", "stop counting", _texts(steps.Unwatch, "object"), 1, 1, (Completes.REFERENCE,)),
    Command("adapt REF", "put a null adaptor on a reference", _texts(steps.Adapt, "object"), 1, 1,
            (Completes.REFERENCE,)),
    Command("unadapt REF", "take it off", _texts(steps.Unadapt, "object"), 1, 1, (Completes.REFERENCE,)),
    Command("apply UPDATE [MODE]", "apply an update by name, folder or .ko file; MODE is eager or lazy",
            _apply, 1, 2, (Completes.UPDATE,)),
    Command("cancel UPDATE", "cancel an update that is being applied, by name or id", _update(steps.Cancel),
            1, 1),
    Command("revert UPDATE", "take an active update back, by name or id", _update(steps.Revert), 1, 1),
    Command("unload MODULE", "unload a module that nobody uses", _texts(steps.Unload, "module"), 1, 1,
            (Completes.MODULE,)),
    Command("swap REF with CLASS", "hot-swap an object", _swap, 3, 3,
            (Completes.REFERENCE, Completes.NOTHING, Completes.CLASS)),
    Command("create CLASS", "create an object", _texts(steps.Create, "class_name"), 1, 1,
            (Completes.CLASS,)),
    Command("destroy REF", "destroy an object", _texts(steps.Destroy, "object"), 1, 1,
            (Completes.REFERENCE,)),
    Command("hold THREAD", "set a thread aside; it stays counted", _ids(steps.Hold, "thread"), 1, 1),
    Command("release THREAD", "let a held thread go on", _ids(steps.Release, "thread"), 1, 1),
    Command("drain", "empty the guest's caches", _without(steps.Drain)),
    Command("check-disk", "check the file system on the disk", _without(steps.CheckDisk)),
    _of("backtrace", "backtrace THREAD", "where a thread is", Completes.NOTHING),
    Command("where", "where each CPU is, without asking the guest"),
    Command("registers [CPU]", "registers of a CPU", most=1),
    Command("disassemble PLACE [COUNT]", "instructions at a symbol+offset or 0xADDRESS", least=1, most=None,
            completes=(Completes.SYMBOL,)),
    Command("assemble PLACE INSTRUCTIONS", "write instructions over code; several are separated by ;",
            lambda words: steps.Assemble(place=words[0], instructions=" ".join(words[1:])), 2, None,
            (Completes.SYMBOL,)),
    Command("step [COUNT] [CPU]", "let a CPU execute COUNT instructions, then stand still", _advance, 0, 2),
    Command("wait TIME", "let so much virtual time pass, then stand still", _wait, 1, 1),
    Command("continue", "let the machine run at most at wall speed"),
    Command("pause", "stand still"),
    Command("save FILE", "keep the machine in a checkpoint", _texts(steps.Save, "file"), 1, 1),
    Command("restore FILE", "go on where a machine was that was kept", _texts(steps.Restore, "file"), 1, 1),
    Command("save-scenario FILE", "write what was typed as a scenario that repeats it", least=1, most=1),
    Command("power-off", "have the guest end its run", _without(steps.PowerOff)),
    Command("help [COMMAND]", "the commands, or one of them", most=1, completes=(Completes.COMMAND,)),
    Command("quit", "leave; the machine is gone unless it was saved"),
)  # fmt: skip

COMMANDS: Final[Mapping[str, Command]] = {command.name: command for command in _COMMANDS}


def find_command(word: str) -> Command:
    """By name, or by the beginning of exactly one. Raises UsageError."""
    if word in COMMANDS:
        return COMMANDS[word]
    fitting = [name for name in COMMANDS if name.startswith(word)]
    if len(fitting) == 1:
        return COMMANDS[fitting[0]]
    if fitting:
        raise UsageError(f'"{word}" could be {" or ".join(fitting)}')
    raise UsageError(f'"{word}" is no command; help lists them')


def table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Rows of equal keys as aligned columns under their names."""
    if not rows:
        return ["none"]
    names = list(rows[0])
    cells = [names, *([_cell(row[name]) for name in names] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(names))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    ]


def listing(row: Mapping[str, Any]) -> list[str]:
    """One row, a line for each key."""
    width = max(map(len, row))
    return [f"{name:<{width}}  {_cell(value)}" for name, value in row.items()]


def _cell(value: object) -> str:
    if isinstance(value, dict):
        return " ".join(f"{name}={_cell(each)}" for name, each in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}" if value < 1 << 48 else f"{value:#x}"
    return ", ".join(map(_cell, value)) if isinstance(value, list | tuple) else str(value)
