"""Holds a test's thread after each of many numbers of instructions: the test passes every time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import pytest

from tests.guest.support import Schedule, run_tests, shipped_kernel

CHUNK: Final = 50
"""Instructions that one test of the matrix sweeps."""


def every_instruction(count: int) -> pytest.MarkDecorator:
    """Parametrizes ``start`` over the chunks of ``count`` instructions."""
    return pytest.mark.parametrize("start", range(0, count, CHUNK))


def sweep(test: str, offsets: Iterable[int], cpus: int = 2, seed: int | None = None) -> int:
    """How often the thread was there to be held."""
    held = 0
    for offset in offsets:
        schedule = Schedule(seed, offset)
        run = run_tests(shipped_kernel(), test, schedule, cpus)
        assert run.failure == "", f"{schedule}: {run.failure}"
        held += run.held
    return held


def sweep_chunk(test: str, start: int, cpus: int = 2) -> None:
    """Every instruction of a chunk."""
    sweep(test, range(start, start + CHUNK), cpus)
