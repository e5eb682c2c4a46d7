"""Holds a test's thread after each of many numbers of instructions: the test passes every time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import pytest

from tests.guest.support import Schedule, run_tests, shipped_kernel

CHUNK: Final = 50
"""Runs of one test of the matrix."""


def chunks(instructions: int, stride: int = 1) -> pytest.MarkDecorator:
    """Parametrizes ``offsets`` over all chunks of every ``stride``-th place of so many instructions."""
    places = range(0, instructions, stride)
    return pytest.mark.parametrize(
        "offsets", [places[at : at + CHUNK] for at in range(0, len(places), CHUNK)], ids=str
    )


def sweep(test: str, offsets: Iterable[int], cpus: int = 2, seed: int | None = None) -> int:
    """How often the thread was there to be held."""
    held = 0
    for offset in offsets:
        schedule = Schedule(seed, offset)
        run = run_tests(shipped_kernel(), test, schedule, cpus)
        assert run.failure == "", f"{schedule}: {run.failure}"
        held += run.held
    return held
