"""Row 10: a CPU that touches the object first during a swap joins in, whatever the phase."""

from typing import Final

import pytest

from tests.subtleties.sweep import chunks, sweep

TEST: Final = "interleaving.first_touch_of_a_cpu_during_a_swap"
INSTRUCTIONS: Final = 1900
"""From the mark to the end of the call and a little beyond."""


def test_sample_of_places() -> None:
    offsets = range(0, INSTRUCTIONS, 173)
    assert sweep(TEST, offsets, cpus=3) > len(offsets) // 2


@pytest.mark.matrix
@chunks(INSTRUCTIONS, stride=7)
def test_many_places(offsets: range) -> None:
    sweep(TEST, offsets, cpus=3)
