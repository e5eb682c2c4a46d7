"""Measurements that were made with several seeds: a mean, and how far they lie apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import fmean
from typing import TypeVar

from emulator.bench.findings import Figure, Series

At = TypeVar("At")


def figure_over_seeds(name: str, what: str, values: Sequence[float], unit: str) -> Figure:
    """The mean of one value for each seed, with the least and the greatest."""
    return Figure(name, what, fmean(values), unit, spread=(min(values), max(values)))


def series_over_seeds(name: str, x: Sequence[float], y: Sequence[Sequence[float]]) -> Series:
    """The means of values for each seed at each x, with the least and the greatest."""
    return Series(name, x, [fmean(each) for each in y], [min(each) for each in y], [max(each) for each in y])


def means_over_seeds(rows: Sequence[Sequence[At]], value: Callable[[At], float]) -> list[float]:
    """Of one value of each row's measurements, which differ in their seeds."""
    return [fmean(value(at) for at in row) for row in rows]
