"""Row 6: a caller that met a mark before it was in force is let out before the marks count."""

from typing import Final

import pytest

from tests.subtleties.sweep import chunks, sweep

TEST: Final = "interleaving.lazy_caller_held_at_a_mark_that_is_not_in_force"
INSTRUCTIONS: Final = 900
"""From the mark to the end of what may be held and a little beyond."""


def test_sample_of_places() -> None:
    offsets = range(0, INSTRUCTIONS, 211)
    assert sweep(TEST, offsets) > len(offsets) // 2


@pytest.mark.matrix
@chunks(INSTRUCTIONS, stride=1)
def test_every_place(offsets: range) -> None:
    sweep(TEST, offsets)
