"""Row 14: a thread that is moved in the middle of a tracked call is counted out where it was counted in."""

from typing import Final

import pytest

from tests.subtleties.sweep import chunks, sweep

TEST: Final = "interleaving.caller_moved_in_the_middle_of_its_call"
INSTRUCTIONS: Final = 1900
"""From the mark to the end of the call and a little beyond."""


def test_sample_of_places() -> None:
    offsets = range(0, INSTRUCTIONS, 173)
    assert sweep(TEST, offsets) > len(offsets) // 2


@pytest.mark.matrix
@chunks(INSTRUCTIONS, stride=7)
def test_many_places(offsets: range) -> None:
    sweep(TEST, offsets)
