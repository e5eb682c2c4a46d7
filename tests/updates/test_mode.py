"""Who applies an update says how instances are converted; the update itself only where nobody does."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.abi.loader import ConversionMode
from emulator.scenario.runner import run_scenario
from emulator.scenario.scenario import parse_scenario
from tests.cli.commands import call
from tests.system.machines import kernel, module
from tests.updates.counter_versions import Version, quiet_machine

COUNTERS = 5
LIMIT_NS = 2_000_000_000
LEFT = {"eager": 0, "lazy": COUNTERS}
BOOT = '[[step]]\ndo = "boot"\n'
CREATE = '[[step]]\ndo = "create"\nclass = "SharedCounter"\n'
LOAD = '[[step]]\ndo = "start"\nworkload = "counting"\n'
LOADED = BOOT + CREATE * COUNTERS + LOAD
"""Counters that nobody calls, and no idle time in which they could be converted."""


@pytest.mark.parametrize("mode", LEFT)
def test_from_python(mode: str) -> None:
    machine, _ = quiet_machine(COUNTERS)
    with machine:
        record = machine.monitor.apply(
            module("checked_counter"), limit_ns=LIMIT_NS, mode=ConversionMode[mode.upper()]
        )
        assert (record.state, record.unconverted) == ("active", LEFT[mode])


@pytest.mark.parametrize("mode", LEFT)
def test_it_overrides_what_the_update_says(mode: str) -> None:
    (other,) = LEFT.keys() - {mode}
    machine, _ = quiet_machine(COUNTERS)
    with machine:
        update = Version(manifest=f'mode = "{other}"').build()
        record = machine.monitor.apply(update, limit_ns=LIMIT_NS, mode=ConversionMode[mode.upper()])
        assert record.unconverted == LEFT[mode]


@pytest.mark.parametrize("mode", LEFT)
def test_in_a_scenario(mode: str) -> None:
    apply = f'[[step]]\ndo = "apply"\nupdate = "checked_counter"\nmode = "{mode}"\n'
    result = run_scenario(parse_scenario(LOADED + apply), kernel=kernel())
    assert result.error is None
    assert result.updates[-1]["unconverted"] == LEFT[mode]


def test_from_the_shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    checkpoint = tmp_path / "loaded"
    machine, _ = quiet_machine(COUNTERS)
    with machine:
        checkpoint.write_bytes(machine.save().to_bytes())
    applied = call(
        capsys, "update", "apply", "checked_counter", "--mode", "lazy", "--from", checkpoint, "--json"
    )
    assert applied.code == 0
    assert applied.document["updates"][-1]["unconverted"] == LEFT["lazy"]
