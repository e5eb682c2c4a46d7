"""While an update converts instances a bar says how far it is: on a terminal, and nowhere else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from emulator.cli.conversion import Conversion
from emulator.monitor import UpdateRecord
from tests.cli.commands import call, spawn_on_terminal

SCENARIO = """
[[step]]
do = "boot"
[[step]]
do = "start"
workload = "counters"
[[step]]
do = "apply"
update = "checked_counter"
[[step]]
do = "revert"
update = "checked_counter"
[[step]]
do = "power-off"
"""
SEQUENCE = "\x1b"


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    path = tmp_path / "scenario.toml"
    path.write_text(SCENARIO)
    return path


def counts(shown: str, verb: str) -> list[tuple[int, int, int]]:
    """What the bar has said: converted, marked, left."""
    plain = re.sub(rf"{SEQUENCE}\[[0-9;?]*[a-zA-Z]", "", shown)
    said = re.findall(rf"{verb} checked_counter \S+ (\d+) converted, (\d+) marked, (\d+) left", plain)
    return [(int(converted), int(marked), int(left)) for converted, marked, left in said]


def test_there_and_back_on_a_terminal(scenario: Path) -> None:
    result = spawn_on_terminal("run", scenario)
    assert result.code == 0
    for verb in ("converting", "taking back"):
        seen = counts(result.err, verb)
        # Clients destroy some counters and make others, which are new.
        (total,) = {sum(each) for each in seen}
        assert 200 < total <= 240
        # How often it is drawn is up to the wall clock.
        assert [converted for converted, _, _ in seen] == sorted(converted for converted, _, _ in seen)
        assert seen[-1][0] > 0
    # It is taken off the screen: the cursor is shown again, and the step's line stands alone.
    assert result.err.count(f"{SEQUENCE}[?25l") == result.err.count(f"{SEQUENCE}[?25h")
    assert "checked_counter" in result.out
    assert SEQUENCE not in result.out


def test_nothing_of_it_beside_a_document(scenario: Path) -> None:
    result = spawn_on_terminal("run", scenario, "--json")
    assert result.code == 0
    assert "checked_counter" not in result.err
    assert [update["state"] for update in result.document["updates"]] == ["active", "unloaded"]


def test_nothing_of_it_on_a_pipe(scenario: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = call(capsys, "run", scenario)
    assert result.code == 0
    assert "converted, " not in result.err
    assert SEQUENCE not in result.err + result.out


def record(state: str, unconverted: int, marked: int) -> UpdateRecord:
    return UpdateRecord("u", state=state, unconverted=unconverted, marked=marked)


def test_counts_follow_the_update() -> None:
    conversion = Conversion()
    conversion.follow(record("applying", 0, 0))
    assert str(conversion) == ""
    conversion.follow(record("applying", 8, 0))
    conversion.follow(record("applying", 6, 2))
    assert conversion.detail == "2 converted, 2 marked, 4 left"
    # On the way back what was converted is what is left.
    conversion.follow(record("cancelling", 2, 1))
    assert (conversion.total, conversion.detail) == (2, "0 converted, 1 marked, 1 left")
    assert str(conversion).startswith("taking back u ")
    conversion.follow(record("aborted", 0, 0))
    assert str(conversion) == ""
