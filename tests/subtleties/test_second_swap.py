"""A swap is started while another one comes and goes: it starts from what is there, or not at all."""

from typing import Final

import pytest

from tests.subtleties.sweep import chunks, sweep

TEST: Final = "interleaving.starter_held_while_another_swap_comes_and_goes"
INSTRUCTIONS: Final = 9000
"""From the mark to the end and a little beyond."""


def test_sample_of_places() -> None:
    offsets = range(0, INSTRUCTIONS, 823)
    assert sweep(TEST, offsets) > len(offsets) // 2


@pytest.mark.matrix
@chunks(INSTRUCTIONS, stride=37)
def test_many_places(offsets: range) -> None:
    sweep(TEST, offsets)
