"""Row 11: destroyed while it is swapped: both end, and what comes to live in the entry is untouched."""

from typing import Final

import pytest

from tests.subtleties.sweep import chunks, sweep

TEST: Final = "interleaving.destroyer_held_while_its_object_is_swapped"
INSTRUCTIONS: Final = 900
"""From the mark to the end of the call and a little beyond."""


def test_sample_of_places() -> None:
    offsets = range(0, INSTRUCTIONS, 83)
    assert sweep(TEST, offsets) > len(offsets) // 2


@pytest.mark.matrix
@chunks(INSTRUCTIONS)
def test_every_place(offsets: range) -> None:
    sweep(TEST, offsets)
