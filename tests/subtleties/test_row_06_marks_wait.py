"""Row 6: marks are in force only when whoever was on the way into the old version is gone."""

from typing import Final

import pytest

from tests.subtleties.sweep import chunks, sweep

TEST: Final = "interleaving.lazy_caller_held_on_its_way_to_the_old_version"
INSTRUCTIONS: Final = 600
"""From the mark to the end of what may be held and a little beyond."""


def test_sample_of_places() -> None:
    offsets = range(0, INSTRUCTIONS, 131)
    assert sweep(TEST, offsets) > len(offsets) // 2


@pytest.mark.matrix
@chunks(INSTRUCTIONS, stride=1)
def test_every_place(offsets: range) -> None:
    sweep(TEST, offsets)
