"""Creation: threads that create objects at once get entries of their own, wherever one is held."""

from typing import Final

import pytest

from tests.subtleties.sweep import chunks, sweep

TEST: Final = "interleaving.creators_get_entries_of_their_own"
INSTRUCTIONS: Final = 900
"""From the mark to the end and a little beyond."""


def test_sample_of_places() -> None:
    offsets = range(0, INSTRUCTIONS, 83)
    assert sweep(TEST, offsets) > len(offsets) // 2


@pytest.mark.matrix
@chunks(INSTRUCTIONS)
def test_many_places(offsets: range) -> None:
    sweep(TEST, offsets)
