"""Row 11: a destroyer on its way while the instance is converted."""

from typing import Final

import pytest

from tests.subtleties.sweep import chunks, sweep

TEST: Final = "interleaving.lazy_destroyer_held_while_its_instance_is_converted"
INSTRUCTIONS: Final = 1500
"""From the mark to the end of what may be held and a little beyond."""


def test_sample_of_places() -> None:
    offsets = range(0, INSTRUCTIONS, 307)
    assert sweep(TEST, offsets) > len(offsets) // 2


@pytest.mark.matrix
@chunks(INSTRUCTIONS, stride=2)
def test_every_place(offsets: range) -> None:
    sweep(TEST, offsets)
