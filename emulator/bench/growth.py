"""How something grows with something else: the exponent of a power law."""

from __future__ import annotations

import math
from collections.abc import Sequence


def exponent(x: Sequence[float], y: Sequence[float]) -> float | None:
    """Of the x**exponent that fits best on logarithmic axes: 1 is linear, 0 is flat.

    Points that are not above zero have no place there. None with fewer than two of different x.
    """
    points = [(math.log(a), math.log(b)) for a, b in zip(x, y, strict=True) if a > 0 and b > 0]
    if len({a for a, _ in points}) < 2:
        return None
    mean_x, mean_y = (sum(column) / len(points) for column in zip(*points, strict=True))
    slope: float = sum((a - mean_x) * (b - mean_y) for a, b in points)
    spread: float = sum((a - mean_x) ** 2 for a, _ in points)
    return slope / spread
