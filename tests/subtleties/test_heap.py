"""The heap: a thread is held as it gives blocks back to the slabs, and another one does the same."""

from typing import Final

import pytest

from tests.subtleties.sweep import chunks, sweep

TEST: Final = "interleaving.heap_user_held_as_it_gives_blocks_back"
INSTRUCTIONS: Final = 3000
"""From the mark to the last block."""


def test_sample_of_places() -> None:
    offsets = range(0, INSTRUCTIONS, 277)
    assert sweep(TEST, offsets) > len(offsets) // 2


@pytest.mark.matrix
@chunks(INSTRUCTIONS, stride=7)
def test_many_places(offsets: range) -> None:
    sweep(TEST, offsets)
