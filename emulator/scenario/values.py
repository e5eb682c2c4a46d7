"""The types that values of a scenario have: how each is read, checked and written."""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Final

_UNITS: Final = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}
_SIZES: Final = {"": 1 << 20, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


class ValueType(ABC):
    """Reads and writes one kind of value of a TOML document."""

    @property
    @abstractmethod
    def allowed(self) -> str:
        """In words, for people."""

    @abstractmethod
    def read(self, value: object) -> object:
        """The value as the program uses it. Raises ValueError when it is not allowed."""

    def write(self, value: object) -> str:
        """TOML that reads as this value."""
        return json.dumps(value, ensure_ascii=False)


@dataclass(frozen=True)
class Integer(ValueType):
    """A whole number of a range, both ends included."""

    least: int = 0
    most: int = (1 << 63) - 1

    @property
    def allowed(self) -> str:
        """In words."""
        return f"a number from {self.least} to {self.most}"

    def read(self, value: object) -> int:
        """See the base class."""
        if not isinstance(value, int) or isinstance(value, bool) or not self.least <= value <= self.most:
            raise ValueError
        return value


@dataclass(frozen=True)
class Integers(ValueType):
    """A list of numbers that are not negative."""

    allowed: ClassVar[str] = "a list of numbers"

    def read(self, value: object) -> tuple[int, ...]:
        """See the base class."""
        if not isinstance(value, list) or not value:
            raise ValueError
        return tuple(Integer().read(each) for each in value)


@dataclass(frozen=True)
class Text(ValueType):
    """Any text but the empty one."""

    allowed: ClassVar[str] = "a text in quotes"

    def read(self, value: object) -> str:
        """See the base class."""
        if not isinstance(value, str) or not value:
            raise ValueError
        return value


@dataclass(frozen=True)
class Word(ValueType):
    """One of a few words."""

    words: tuple[str, ...]

    @property
    def allowed(self) -> str:
        """In words."""
        return " or ".join(f'"{word}"' for word in self.words)

    def read(self, value: object) -> str:
        """See the base class."""
        if value not in self.words:
            raise ValueError
        return str(value)


@dataclass(frozen=True)
class Figure(ValueType):
    """What a figure can be compared with."""

    allowed: ClassVar[str] = "a number or a text"

    def read(self, value: object) -> int | str:
        """See the base class."""
        if isinstance(value, bool) or not isinstance(value, (int, str)):
            raise ValueError
        return value


@dataclass(frozen=True)
class UpdateName(ValueType):
    """An update by its name or by the guest's id."""

    allowed: ClassVar[str] = "an update's name or id"

    def read(self, value: object) -> int | str:
        """See the base class."""
        if isinstance(value, str):
            return Text().read(value)
        return Integer(1).read(value)


@dataclass(frozen=True)
class FigureName(ValueType):
    """A dotted name that begins with one of a few words."""

    first: tuple[str, ...]

    @property
    def allowed(self) -> str:
        """In words."""
        return f"a dotted name that begins with {', '.join(self.first)}"

    def read(self, value: object) -> str:
        """See the base class."""
        if not isinstance(value, str) or value.partition(".")[0] not in self.first:
            raise ValueError
        return value


@dataclass(frozen=True)
class Policy(ValueType):
    """A schedule policy, as ``--policy`` writes it."""

    allowed: ClassVar[str] = '"round-robin", "random" or "script:FILE"'

    def read(self, value: object) -> str:
        """See the base class."""
        if not isinstance(value, str) or re.fullmatch(r"round-robin|random|script:.+", value) is None:
            raise ValueError
        return value


@dataclass(frozen=True)
class Flag(ValueType):
    """True or false."""

    allowed: ClassVar[str] = "true or false"

    def read(self, value: object) -> bool:
        """See the base class."""
        if not isinstance(value, bool):
            raise ValueError
        return value


@dataclass(frozen=True)
class Pattern(ValueType):
    """A regular expression in Python's notation."""

    allowed: ClassVar[str] = "a regular expression in quotes"

    def read(self, value: object) -> str:
        """See the base class."""
        if not isinstance(value, str) or not value:
            raise ValueError
        try:
            re.compile(value)
        except re.error:
            raise ValueError from None
        return value


@dataclass(frozen=True)
class Duration(ValueType):
    """Virtual time, kept in ns."""

    allowed: ClassVar[str] = 'a time such as "250us", "20ms" or "1.5s"'

    def read(self, value: object) -> int:
        """See the base class."""
        if not isinstance(value, str):
            raise ValueError
        return parse_duration(value)

    def write(self, value: object) -> str:
        """See the base class."""
        assert isinstance(value, int)
        return f'"{format_duration(value)}"'


@dataclass(frozen=True)
class Size(ValueType):
    """Memory, kept in bytes."""

    allowed: ClassVar[str] = 'a size such as "64M" or "1G" (a number alone counts MiB)'

    def read(self, value: object) -> int:
        """See the base class."""
        if isinstance(value, bool) or not isinstance(value, (str, int)):
            raise ValueError
        return parse_size(str(value))

    def write(self, value: object) -> str:
        """See the base class."""
        assert isinstance(value, int)
        return f'"{value >> 20}M"'


def parse_duration(text: str) -> int:
    """``"20ms"`` in ns. Raises ValueError for what is not a number with one of the units ns, us, ms, s."""
    found = re.fullmatch(r"([0-9][0-9_]*)(?:\.([0-9]{1,9}))?\s*(ns|us|ms|s)", text.strip())
    if found is None:
        raise ValueError
    whole, fraction, unit = found.groups(default="")
    scaled = int(whole + fraction) * _UNITS[unit]
    scale: int = 10 ** len(fraction)
    result, rest = divmod(scaled, scale)
    if rest or result >= 1 << 63:
        raise ValueError
    return result


def format_duration(nanoseconds: int) -> str:
    """With the largest unit that leaves a whole number: ``"20ms"``."""
    unit = next(name for name in ("s", "ms", "us", "ns") if nanoseconds % _UNITS[name] == 0)
    return f"{nanoseconds // _UNITS[unit]}{unit}"


def parse_size(text: str) -> int:
    """``"64M"`` in bytes; a number alone counts MiB. Raises ValueError."""
    found = re.fullmatch(r"([0-9]{1,12})\s*([KkMmGg]?)(?:i?[Bb])?", text.strip())
    if found is None:
        raise ValueError
    return int(found[1]) * _SIZES[found[2].lower()]
