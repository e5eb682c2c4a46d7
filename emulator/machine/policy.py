"""Who runs and for how long: a schedule policy compiles to directives that the engine carries out."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from emulator.errors import UsageError

DEFAULT_QUANTUM: Final = 20_000
MINIMUM_QUANTUM: Final = 1_000


class DirectiveKind(IntEnum):
    """enum directive_kind of the engine."""

    TURNS = 1
    RANDOM = 2
    RUN = 3
    UNTIL = 4
    HOLD_CPU = 5
    RELEASE_CPU = 6
    HOLD_THREAD = 7
    RELEASE_THREAD = 8
    INJECT = 9
    RAISE = 10
    TURNS_UNTIL = 11
    TURNS_TIME = 12
    STOP = 13


@dataclass(frozen=True)
class Directive:
    """One step of a schedule; fields that its kind does not use are 0."""

    kind: DirectiveKind
    cpu: int = 0
    amount: int = 0
    address: int = 0
    thread: int = 0


class Policy(ABC):
    """A schedule. It is asked for directives when the engine has used up those it had."""

    @property
    @abstractmethod
    def name(self) -> str:
        """As ``--policy`` writes it."""

    @abstractmethod
    def directives(self) -> Sequence[Directive]:
        """The next ones, at least one; the last of a finite schedule is endless (TURNS or RANDOM)."""

    def get_state(self) -> bytes:
        """What the policy itself remembers; the engine keeps the directives in progress."""
        return b""

    def set_state(self, state: bytes) -> None:
        """Takes back what get_state gave."""
        del state


class RoundRobin(Policy):
    """The CPU furthest behind runs for a quantum; no CPU gets ahead of another by more than that and a
    block."""

    def __init__(self, quantum: int = DEFAULT_QUANTUM) -> None:
        """``quantum`` instructions. Raises UsageError below MINIMUM_QUANTUM."""
        check_quantum(quantum)
        self.quantum = quantum

    @property
    def name(self) -> str:
        """``round-robin``."""
        return "round-robin"

    def directives(self) -> Sequence[Directive]:
        """One, endless."""
        return [Directive(DirectiveKind.TURNS, amount=self.quantum)]


class Random(Policy):
    """Any CPU, any length up to a quantum, exact to the instruction: drawn by xoshiro256** from the seed.

    The logarithm of a slice's length is uniform, so that sequences of a few instructions are split often.
    """

    def __init__(self, quantum: int = DEFAULT_QUANTUM) -> None:
        """``quantum`` instructions. Raises UsageError below MINIMUM_QUANTUM."""
        check_quantum(quantum)
        self.quantum = quantum

    @property
    def name(self) -> str:
        """``random``."""
        return "random"

    def directives(self) -> Sequence[Directive]:
        """One, endless; the engine draws."""
        return [Directive(DirectiveKind.RANDOM, amount=self.quantum)]


def check_quantum(quantum: int) -> None:
    """Raises UsageError for a quantum that would leave no progress between two interrupts."""
    if quantum < MINIMUM_QUANTUM:
        raise UsageError(f"quantum {quantum}: at least {MINIMUM_QUANTUM} instructions")
