"""Row 11: an object is destroyed while somebody is about to swap it."""

from typing import Final

import pytest

from tests.subtleties.sweep import chunks, sweep

TEST: Final = "interleaving.starter_held_while_its_object_is_destroyed"
INSTRUCTIONS: Final = 6000
"""From the mark to the end and a little beyond."""


def test_sample_of_places() -> None:
    offsets = range(0, INSTRUCTIONS, 547)
    assert sweep(TEST, offsets) > len(offsets) // 2


@pytest.mark.matrix
@chunks(INSTRUCTIONS, stride=31)
def test_many_places(offsets: range) -> None:
    sweep(TEST, offsets)
