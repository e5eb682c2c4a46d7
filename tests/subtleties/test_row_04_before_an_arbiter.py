"""Row 4 for an arbiter: who is held on its way through one that is taken off finds it in place."""

from typing import Final

import pytest

from tests.subtleties.sweep import chunks, sweep

TEST: Final = "interleaving.caller_held_on_its_way_through_an_arbiter"
INSTRUCTIONS: Final = 700
"""From the mark to the end of the call and a little beyond."""


def test_sample_of_places() -> None:
    offsets = range(0, INSTRUCTIONS, 67)
    assert sweep(TEST, offsets) > len(offsets) // 2


@pytest.mark.matrix
@chunks(INSTRUCTIONS)
def test_every_place(offsets: range) -> None:
    sweep(TEST, offsets)
