"""Numbers as people read them."""

from __future__ import annotations

from typing import Final

from emulator.bench.findings import Figure

_WHOLE: Final = 1000
"""From here on decimals say nothing."""


def number(value: float | None) -> str:
    """Grouped by thousands; three decimals at the most, none above a thousand; ``none`` for None."""
    if value is None:
        return "none"
    if isinstance(value, int) or value == int(value) or abs(value) >= _WHOLE:
        return f"{value:,.0f}"
    return f"{value:,.3f}".rstrip("0").rstrip(".") if abs(value) >= 0.001 else f"{value:.2g}"


def spread(figure: Figure) -> str:
    """Least and greatest, or nothing."""
    return "" if figure.spread is None else f"{number(figure.spread[0])} to {number(figure.spread[1])}"


def verdict(figure: Figure) -> str:
    """The aim and whether it is met, or nothing."""
    if figure.aim is None:
        return ""
    if figure.met is None:
        return f"{figure.aim}: not measured"
    return f"{figure.aim}: {'met' if figure.met else 'missed'}"
