"""Row 12: an entry is not reused while a caller may hold what it loaded from it."""

from typing import Final

import pytest

from tests.subtleties.sweep import chunks, sweep

TEST: Final = "interleaving.entry_is_not_reused_under_a_held_caller"
INSTRUCTIONS: Final = 300
"""From the mark to the end of the call and a little beyond."""


def test_sample_of_places() -> None:
    offsets = range(0, INSTRUCTIONS, 29)
    assert sweep(TEST, offsets) > len(offsets) // 2


@pytest.mark.matrix
@chunks(INSTRUCTIONS)
def test_every_place(offsets: range) -> None:
    sweep(TEST, offsets)
