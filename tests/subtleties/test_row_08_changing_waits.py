"""Row 8: waits that followed each other but never were at the same time are no deadlock."""

from typing import Final

import pytest

from tests.subtleties.sweep import chunks, sweep

TEST: Final = "interleaving.deadlock_search_held_while_the_waits_change"
INSTRUCTIONS: Final = 4200
"""From the mark to the end of the search and a little beyond."""


def test_sample_of_places() -> None:
    offsets = range(0, INSTRUCTIONS, 200)
    assert sweep(TEST, offsets) > len(offsets) // 2


@pytest.mark.matrix
@chunks(INSTRUCTIONS, 4)
def test_every_fourth_place(offsets: range) -> None:
    sweep(TEST, offsets)
