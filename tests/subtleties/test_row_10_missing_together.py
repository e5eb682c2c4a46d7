"""Row 10: two threads of one CPU that miss together make one representative."""

from typing import Final

import pytest

from tests.subtleties.sweep import chunks, sweep

TEST: Final = "interleaving.threads_that_miss_together_share_a_representative"
INSTRUCTIONS: Final = 1900
"""From the mark to the end of the call and a little beyond."""


def test_sample_of_places() -> None:
    offsets = range(0, INSTRUCTIONS, 173)
    assert sweep(TEST, offsets) > len(offsets) // 2


@pytest.mark.matrix
@chunks(INSTRUCTIONS, stride=7)
def test_many_places(offsets: range) -> None:
    sweep(TEST, offsets)
