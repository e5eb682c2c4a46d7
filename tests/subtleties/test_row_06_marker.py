"""Rows 6 and 11: whatever comes while a marker is anywhere on its way through two instances."""

from typing import Final

import pytest

from tests.subtleties.sweep import chunks, sweep

TESTS: Final = (
    "interleaving.marker_held_while_an_arbiter_comes",
    "interleaving.marker_held_while_its_instances_are_destroyed",
    "interleaving.marker_held_while_its_instances_are_retired",
    "interleaving.marker_held_while_swaps_start",
)
INSTRUCTIONS: Final = 700
"""From the mark to the end of what may be held and a little beyond."""


@pytest.mark.parametrize("test", TESTS)
def test_sample_of_places(test: str) -> None:
    offsets = range(0, INSTRUCTIONS, 137)
    assert sweep(test, offsets) > len(offsets) // 2


@pytest.mark.matrix
@chunks(INSTRUCTIONS)
@pytest.mark.parametrize("test", TESTS)
def test_every_place(test: str, offsets: range) -> None:
    sweep(test, offsets)
