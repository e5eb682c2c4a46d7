"""Row 13: a factory is swapped while instances are made, ended and changed; each is in exactly one set."""

from typing import Final

import pytest

from tests.subtleties.sweep import CHUNK, sweep

INSTRUCTIONS: Final = {
    "creator_held_while_its_factory_is_closed": 1000,
    "creator_held_while_its_factory_is_swapped": 2600,
    "destroyer_held_while_its_factory_is_swapped": 2400,
    "destroyer_held_while_its_instance_changes_its_class": 1900,
    "destroyers_of_one_instance_take_it_out_once": 1000,
}
"""From the mark to the end of what the test's thread does, and a little beyond."""
CHUNKS: Final = [
    (name, range(at, min(at + CHUNK, end)))
    for name, end in INSTRUCTIONS.items()
    for at in range(0, end, CHUNK)
]


@pytest.mark.parametrize("name", INSTRUCTIONS)
def test_sample_of_places(name: str) -> None:
    offsets = range(101, INSTRUCTIONS[name], INSTRUCTIONS[name] // 6)
    assert sweep(f"interleaving.{name}", offsets) > len(offsets) // 2


@pytest.mark.matrix
@pytest.mark.parametrize(("name", "offsets"), CHUNKS, ids=str)
def test_every_place(name: str, offsets: range) -> None:
    sweep(f"interleaving.{name}", offsets)
