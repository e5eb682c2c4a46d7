"""The commit: wherever the leader is held from there on, every call of the others counts once."""

from typing import Final

import pytest

from tests.subtleties.sweep import every_instruction, sweep, sweep_chunk

TEST: Final = "interleaving.leader_held_from_its_commit_on"
INSTRUCTIONS: Final = 3000
"""From the mark until the leader has gone."""


def test_sample_of_places() -> None:
    offsets = range(0, INSTRUCTIONS, 277)
    assert sweep(TEST, offsets) > len(offsets) // 2


@pytest.mark.matrix
@every_instruction(INSTRUCTIONS)
def test_every_place(start: int) -> None:
    sweep_chunk(TEST, start)
