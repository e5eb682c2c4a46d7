"""Row 5: whoever comes first converts, waits for no generation, and keeps nobody else out."""

from typing import Final

import pytest

from tests.subtleties.sweep import chunks, sweep

TEST: Final = "interleaving.lazy_first_caller_held_keeps_nobody_out"
INSTRUCTIONS: Final = 4000
"""From the mark to the end of what may be held and a little beyond."""


def test_sample_of_places() -> None:
    offsets = range(0, INSTRUCTIONS, 601)
    assert sweep(TEST, offsets) > len(offsets) // 2


@pytest.mark.matrix
@chunks(INSTRUCTIONS, stride=6)
def test_every_place(offsets: range) -> None:
    sweep(TEST, offsets)
