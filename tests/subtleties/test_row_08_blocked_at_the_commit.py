"""Row 8: a caller that is just being blocked when the swap commits is not forgotten."""

from typing import Final

import pytest

from tests.subtleties.sweep import chunks, sweep

TEST: Final = "interleaving.caller_held_as_it_is_blocked_at_the_commit"
INSTRUCTIONS: Final = 900
"""From the mark to where the caller waits, and a little beyond."""


def test_sample_of_places() -> None:
    offsets = range(0, INSTRUCTIONS, 83)
    assert sweep(TEST, offsets, cpus=3) > len(offsets) // 2


@pytest.mark.matrix
@chunks(INSTRUCTIONS)
def test_every_place(offsets: range) -> None:
    sweep(TEST, offsets, cpus=3)
