"""The commit: wherever the leader is held from there on, every call of the others counts once."""

from typing import Final

import pytest

from tests.subtleties.sweep import chunks, sweep

TEST: Final = "interleaving.leader_held_from_its_commit_on"
INSTRUCTIONS: Final = 3000
"""From the mark until the leader has gone."""


def test_sample_of_places() -> None:
    offsets = range(0, INSTRUCTIONS, 277)
    assert sweep(TEST, offsets) > len(offsets) // 2


@pytest.mark.matrix
@chunks(INSTRUCTIONS, stride=7)
def test_many_places(offsets: range) -> None:
    sweep(TEST, offsets)
