"""The text of a schedule: one grammar for ``--policy script:FILE``, scenarios and the API.

One directive a line; ``#`` begins a comment. Numbers are decimal or 0x, with ``_`` as they please; an
ADDRESS is a number, SYMBOL or SYMBOL+OFFSET; a function's SYMBOL alone is where every call of it
comes by, its local entry point, and an offset counts from its first instruction::

    run CPU for N                       exactly N instructions of one CPU
    run CPU until ADDRESS [within N]    until it is about to execute ADDRESS, or N instructions
    turns until CPU ADDRESS             round robin, until that CPU is about to execute ADDRESS
    turns until time NS                 round robin, until machine time
    hold cpu CPU / release cpu CPU
    hold thread ID at ADDRESS           where the thread next reaches ADDRESS
    release thread ID
    inject VECTOR on CPU                an exception; 0x500 and 0x900 wait for EE, 0x100 for RI
    raise LINE                          an external interrupt line
    stop                                the run ends, and can go on
    turns [quantum N]                   round robin from here on; the last line, and what follows any script
    random [quantum N]                  random from here on; the last line
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NoReturn, Protocol, TypeAlias

from emulator.abi.devices import LINES
from emulator.abi.memory_map import MAX_CPUS
from emulator.abi.values import integer, items, pack_values, unpack_values
from emulator.errors import UsageError
from emulator.machine.policy import DEFAULT_QUANTUM, Directive, DirectiveKind, Policy, check_quantum


class CodeSymbol(Protocol):
    """What a name in a script stands for, by effective addresses."""

    @property
    def start(self) -> int:
        """The first instruction."""

    @property
    def entry(self) -> int:
        """The instruction that every call comes to."""


Resolver: TypeAlias = Callable[[str], CodeSymbol | None]
"""None when there is no such symbol."""

_ENDLESS: Final = (DirectiveKind.TURNS, DirectiveKind.RANDOM)
_BATCH: Final = 1000
_VECTOR_MAX: Final = 0xF40


def parse_script(text: str, resolve: Resolver, cpus: int = MAX_CPUS) -> tuple[Directive, ...]:
    """The directives of a schedule. Raises UsageError with the line's number for anything that is none."""
    directives: list[Directive] = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        parser = _Line(number, words, resolve, cpus)
        if directives and directives[-1].kind in _ENDLESS:
            parser.refuse("nothing can follow an endless directive")
        directives.append(parser.parse())
    return tuple(directives)


class Scripted(Policy):
    """Carries out a script, then takes turns."""

    def __init__(self, script: Sequence[Directive], quantum: int = DEFAULT_QUANTUM) -> None:
        """``quantum`` of the turns afterwards, instructions. Raises UsageError below MINIMUM_QUANTUM."""
        check_quantum(quantum)
        self._script = tuple(script)
        self._quantum = quantum
        self._next = 0

    @property
    def name(self) -> str:
        """``script``."""
        return "script"

    def directives(self) -> Sequence[Directive]:
        """The next part of the script."""
        batch = self._script[self._next : self._next + _BATCH]
        self._next += len(batch)
        return batch or [Directive(DirectiveKind.TURNS, amount=self._quantum)]

    def get_state(self) -> bytes:
        """What has not been handed out yet: a machine that is restored needs no script file."""
        left = self._script[self._next :]
        return pack_values([[d.kind, d.cpu, d.amount, d.address, d.thread] for d in left])

    def set_state(self, state: bytes) -> None:
        """Takes back what get_state gave. Raises UsageError for anything else."""
        try:
            rows = [[integer(value) for value in items(row)] for row in unpack_values(state)]
            self._script = tuple(Directive(DirectiveKind(kind), *fields) for kind, *fields in rows)
        except ValueError as error:
            raise UsageError(f"the state of a script is damaged: {error}") from None
        self._next = 0


@dataclass
class _Line:
    """One line of a script, word by word."""

    number: int
    words: list[str]
    resolve: Resolver
    cpus: int
    at: int = 0

    def parse(self) -> Directive:
        parsers: dict[str, Callable[[], Directive]] = {
            "run": self._run,
            "turns": self._turns,
            "random": lambda: Directive(DirectiveKind.RANDOM, amount=self._quantum()),
            "hold": self._hold,
            "release": self._release,
            "inject": self._inject,
            "raise": lambda: Directive(
                DirectiveKind.RAISE, amount=self._integer("interrupt line", LINES - 1)
            ),
            "stop": lambda: Directive(DirectiveKind.STOP),
        }
        directive = parsers[self._one_of(*parsers)]()
        if self.at < len(self.words):
            self.refuse(f"{self.words[self.at]!r} is one word too many")
        return directive

    def refuse(self, message: str) -> NoReturn:
        raise UsageError(f"schedule, line {self.number}: {message}")

    def _run(self) -> Directive:
        cpu = self._cpu()
        if self._one_of("for", "until") == "for":
            return Directive(DirectiveKind.RUN, cpu, self._integer("number of instructions", least=1))
        address = self._address()
        most = 0
        if self.at < len(self.words):
            self._one_of("within")
            most = self._integer("number of instructions", least=1)
        return Directive(DirectiveKind.UNTIL, cpu, most, address)

    def _turns(self) -> Directive:
        if self.words[self.at : self.at + 1] != ["until"]:
            return Directive(DirectiveKind.TURNS, amount=self._quantum())
        self.at += 1
        if self.words[self.at : self.at + 1] == ["time"]:
            self.at += 1
            time = self._integer("time in ns")
            return Directive(DirectiveKind.TURNS_TIME, amount=DEFAULT_QUANTUM, address=time)
        cpu = self._cpu()
        return Directive(DirectiveKind.TURNS_UNTIL, cpu, DEFAULT_QUANTUM, self._address())

    def _hold(self) -> Directive:
        if self._one_of("cpu", "thread") == "cpu":
            return Directive(DirectiveKind.HOLD_CPU, self._cpu())
        thread = self._integer("thread id", least=1)
        self._one_of("at")
        return Directive(DirectiveKind.HOLD_THREAD, address=self._address(), thread=thread)

    def _release(self) -> Directive:
        if self._one_of("cpu", "thread") == "cpu":
            return Directive(DirectiveKind.RELEASE_CPU, self._cpu())
        return Directive(DirectiveKind.RELEASE_THREAD, thread=self._integer("thread id", least=1))

    def _inject(self) -> Directive:
        vector = self._integer("vector", _VECTOR_MAX, least=0x100)
        if vector % 0x20:
            self.refuse(f"{vector:#x} is no vector")
        self._one_of("on")
        return Directive(DirectiveKind.INJECT, self._cpu(), vector)

    def _quantum(self) -> int:
        if self.at == len(self.words):
            return DEFAULT_QUANTUM
        self._one_of("quantum")
        quantum = self._integer("quantum")
        try:
            check_quantum(quantum)
        except UsageError as error:
            self.refuse(str(error))
        return quantum

    def _cpu(self) -> int:
        return self._integer("CPU", self.cpus - 1)

    def _word(self, what: str) -> str:
        if self.at == len(self.words):
            self.refuse(f"{what} is missing")
        self.at += 1
        return self.words[self.at - 1]

    def _one_of(self, *choices: str) -> str:
        wanted = " or ".join(choices) if len(choices) < 4 else "a directive"
        word = self._word(wanted)
        if word not in choices:
            self.refuse(f"{word!r} where {wanted} should be")
        return word

    def _integer(self, what: str, most: int = (1 << 64) - 2, least: int = 0) -> int:
        word = self._word(what)
        value = _number(word)
        if value is None:
            self.refuse(f"{word!r} is no {what}")
        if not least <= value <= most:
            self.refuse(f"{what} {word}: {least} to {most}")
        return value

    def _address(self) -> int:
        word = self._word("address")
        plain = _number(word)
        if plain is not None:
            return self._aligned(plain, word)
        symbol, plus, offset = word.partition("+")
        found, distance = self.resolve(symbol), _number(offset or "0")
        if found is None:
            self.refuse(f"no symbol {symbol!r}")
        if distance is None:
            self.refuse(f"{offset!r} is no offset")
        return self._aligned(found.start + distance if plus else found.entry, word)

    def _aligned(self, address: int, word: str) -> int:
        if address % 4:
            self.refuse(f"{word} is no address of an instruction")
        return address


def _number(word: str) -> int | None:
    try:
        return int(word, 0)
    except ValueError:
        return None
