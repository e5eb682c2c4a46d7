"""Row 12: between picking a marked instance and converting it, another may come to live in its entry."""

from typing import Final

import pytest

from tests.subtleties.sweep import chunks, sweep

TEST: Final = "interleaving.lazy_converter_held_while_its_instance_is_destroyed"
INSTRUCTIONS: Final = 3000
"""From the mark to the end of what may be held and a little beyond."""


def test_sample_of_places() -> None:
    offsets = range(0, INSTRUCTIONS, 601)
    assert sweep(TEST, offsets) > len(offsets) // 2


@pytest.mark.matrix
@chunks(INSTRUCTIONS, stride=5)
def test_every_place(offsets: range) -> None:
    sweep(TEST, offsets)
