"""Row 21: a cancel meets the end of the update that it is to end; exactly one of both wins."""

from typing import Final

import pytest

from tests.subtleties.sweep import chunks, sweep

CANCEL: Final = "interleaving.canceller_held_while_the_update_commits"
COMMIT: Final = "interleaving.commit_held_while_the_update_is_cancelled"
INSTRUCTIONS: Final = 7000
"""From the mark to the end of either and a little beyond."""


@pytest.mark.parametrize("test", [CANCEL, COMMIT])
def test_sample_of_places(test: str) -> None:
    offsets = [*range(0, 60, 8), *range(200, INSTRUCTIONS, 1300)]
    assert sweep(test, offsets) > len(offsets) // 2


@pytest.mark.matrix
@pytest.mark.parametrize("test", [CANCEL, COMMIT])
@chunks(INSTRUCTIONS, stride=7)
def test_every_place(test: str, offsets: range) -> None:
    sweep(test, offsets)
