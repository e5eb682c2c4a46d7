"""Two callers of one marked instance: one conversion, wherever the thread that makes it is held."""

from typing import Final

import pytest

from tests.subtleties.sweep import chunks, sweep

TEST: Final = "interleaving.lazy_conversion_held_while_another_calls"
INSTRUCTIONS: Final = 3000
"""From the mark to the end of what may be held and a little beyond."""


def test_sample_of_places() -> None:
    offsets = range(0, INSTRUCTIONS, 601)
    assert sweep(TEST, offsets) > len(offsets) // 2


@pytest.mark.matrix
@chunks(INSTRUCTIONS, stride=5)
def test_every_place(offsets: range) -> None:
    sweep(TEST, offsets)
