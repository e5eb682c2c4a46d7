"""What an experiment found: figures with their units, tables and plots, independent of how they are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Basis(StrEnum):
    """What a figure rests on."""

    VIRTUAL = "virtual"
    """Instructions, virtual time, counts, guest memory: the same on every host with the same seed."""
    WALL = "wall"
    """Time or memory of this host: differs from run to run."""


@dataclass(frozen=True)
class Aim:
    """What a figure is to reach: below ``most``, or at least ``least``; exactly one is given."""

    most: float | None = None
    least: float | None = None

    def met_by(self, value: float) -> bool:
        """Whether the value reaches it: strictly below ``most``, at or above ``least``."""
        if self.most is not None:
            return value < self.most
        return self.least is None or value >= self.least

    def __str__(self) -> str:
        return f"below {self.most:g}" if self.most is not None else f"at least {self.least:g}"


@dataclass(frozen=True)
class Figure:
    """One number that was measured."""

    name: str
    """Stable and unique within its experiment, words joined by ``_``: the key in JSON."""
    what: str
    """For people: what was measured, without the unit."""
    value: float | None
    """None when it cannot be had here (no QEMU); ``note`` says why."""
    unit: str
    """``instructions``, ``ns``, ``bytes``, ``%``, ``jobs/min``, ``ratio``..."""
    basis: Basis = Basis.VIRTUAL
    aim: Aim | None = None
    reference: str = ""
    """What the reference found for K42 on its hardware, with its unit, for the eye only."""
    note: str = ""
    spread: tuple[float, float] | None = None
    """Least and greatest over seeds, where the seed matters; ``value`` is then their mean."""

    @property
    def met(self) -> bool | None:
        """Whether the aim is reached; None without aim or value."""
        return None if self.aim is None or self.value is None else self.aim.met_by(self.value)


@dataclass(frozen=True)
class Table:
    """Figures that are read side by side."""

    title: str
    columns: Sequence[str]
    """With their units."""
    rows: Sequence[Sequence[str | float | None]]


@dataclass(frozen=True)
class Series:
    """A curve: y over x."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] = ()
    """With ``high``: the spread over seeds at each x."""
    high: Sequence[float] = ()
    of_reference: bool = False
    """Of K42: drawn as what it is, another machine's."""


class Style(StrEnum):
    """How a plot is drawn."""

    LINES = "lines"
    """With a marker at each point."""
    STEPS = "steps"
    """For bins of time: x is where a bin begins."""
    BARS = "bars"
    """``categories`` name the x positions, one bar a series in each."""


@dataclass(frozen=True)
class Event:
    """A moment, or a time span, marked on the x axis."""

    label: str
    at: float
    until: float | None = None


@dataclass(frozen=True)
class Plot:
    """A picture that can be read at a glance."""

    name: str
    """Stable and unique within its experiment: the key in JSON and the picture's identifier."""
    title: str
    x_label: str
    """With the unit in parentheses, as ``y_label``."""
    y_label: str
    series: Sequence[Series]
    style: Style = Style.LINES
    categories: Sequence[str] = ()
    events: Sequence[Event] = ()
    x_log: bool = False
    y_log: bool = False
    caption: str = ""
    """What to see in it, in a sentence or two; with the reference's figure where there is one."""


@dataclass(frozen=True)
class Findings:
    """All that one experiment found."""

    figures: Sequence[Figure] = ()
    tables: Sequence[Table] = ()
    plots: Sequence[Plot] = ()
    notes: Sequence[str] = ()
    """How it was done and what it does not say, one paragraph each."""

    def figure(self, name: str) -> Figure:
        """The one of that name. Raises KeyError."""
        for each in self.figures:
            if each.name == name:
                return each
        raise KeyError(name)
