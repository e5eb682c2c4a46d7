"""Row 20: whoever is held on its way to an adapted object arrives where the call belongs, or is refused."""

from typing import Final

import pytest

from tests.subtleties.sweep import chunks, sweep

TESTS: Final = [
    f"adapting.caller_held_{where}"
    for where in (
        "on_its_way_through_an_adaptor_that_goes",
        "on_its_way_through_an_adaptor_whose_object_goes",
        "on_its_way_to_the_old_object",
        "while_the_object_goes_back",
        "while_two_adaptors_collapse",
        "while_two_adaptors_come_apart",
    )
] + [
    "interfaces.caller_held_on_its_way_to_a_marked_instance_that_is_destroyed",
    "interfaces.caller_held_while_its_instance_gets_another_and_goes_back",
]
ON_THE_WAY: Final = 14
"""Within the adaptor's face, with the next reference loaded."""
INSTRUCTIONS: Final = 700
"""From the mark to the end of the two calls and a little beyond."""


@pytest.mark.parametrize("test", TESTS)
def test_sample_of_places(test: str) -> None:
    offsets = (*range(0, INSTRUCTIONS, 97), ON_THE_WAY)
    assert sweep(test, offsets) > 2


@pytest.mark.matrix
@pytest.mark.parametrize("test", TESTS)
@chunks(INSTRUCTIONS)
def test_every_place(test: str, offsets: range) -> None:
    sweep(test, offsets)
