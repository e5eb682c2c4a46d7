"""Row 4, where the swap gives up: who is held on its way into the mediator comes back to the old object."""

from typing import Final

import pytest

from tests.subtleties.sweep import chunks, sweep

TEST: Final = "interleaving.caller_held_on_its_way_through_a_mediator_that_gives_up"
INSTRUCTIONS: Final = 900
"""From the mark to the end of the call and a little beyond."""


def test_sample_of_places() -> None:
    offsets = range(0, INSTRUCTIONS, 83)
    assert sweep(TEST, offsets) > len(offsets) // 2


@pytest.mark.matrix
@chunks(INSTRUCTIONS)
def test_every_place(offsets: range) -> None:
    sweep(TEST, offsets)
