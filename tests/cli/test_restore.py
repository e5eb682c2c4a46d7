"""``evergreen boot --save`` and ``evergreen restore``."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator import Checkpoint, Machine, SystemConfig
from emulator.devices.disk import DiskConfig
from tests.cli.commands import call

Captured = pytest.CaptureFixture[str]


def test_a_booted_machine_is_kept(capsys: Captured, tmp_path: Path) -> None:
    kept = tmp_path / "ready.checkpoint"
    booted = call(capsys, "boot", "--until", "ready", "--save", kept, "--json")
    with Machine.from_checkpoint(Checkpoint.read(kept)) as machine:
        assert machine.hardware.state_hash() == booted.document["state_hash"]


def test_a_machine_is_kept_and_goes_on(capsys: Captured, tmp_path: Path) -> None:
    kept, later = tmp_path / "a.checkpoint", tmp_path / "b.checkpoint"
    with Machine(SystemConfig(seed=7)) as machine:
        machine.run_until_ready()
        machine.monitor.workload_start("counting")
        start = machine.virtual_ns
        machine.save().write(kept)
    first = call(capsys, "restore", kept, "--for", "1ms", "--save", later, "--json")
    second = call(capsys, "restore", later, "--for", "1ms", "--json")
    assert (first.code, second.code) == (0, 0)
    assert first.document["seed"] == second.document["seed"] == 7
    assert first.document["virtual_ns"] >= start + 1_000_000
    direct = call(capsys, "restore", kept, "--for", f"{second.document['virtual_ns'] - start}ns", "--json")
    assert direct.document["state_hash"] == second.document["state_hash"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("restore", "none.checkpoint"), "none.checkpoint: No such file or directory"),
        (("restore", ".", "--for", "1ms"), "is a directory"),
        (("boot", "--save", "x"), "--save needs --until"),
        (("boot", "--until", "ready", "--save", "none/x"), "none/x: No such file or directory"),
        (("boot", "--until", "ready", "--save", "."), "is a directory"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(
    words: tuple[str, ...], message: str, capsys: Captured, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    result = call(capsys, *words)
    assert result.code == 2
    assert message in result.err
    assert len(result.err.splitlines()[-1:]) == 1
    assert list(tmp_path.iterdir()) == []


def test_the_image_under_a_disk_is_asked_for(capsys: Captured, tmp_path: Path) -> None:
    image, kept = tmp_path / "disk", tmp_path / "a.checkpoint"
    image.write_bytes(bytes(4096) * 600)
    with Machine(SystemConfig(disk=DiskConfig(blocks=0, path=image))) as machine:
        machine.run_until_ready()
        machine.save().write(kept)
    result = call(capsys, "restore", kept, "--for", "1ms")
    assert result.code == 2
    assert "disk image" in result.err
    assert call(capsys, "restore", kept, "--for", "1ms", "--disk", image).code == 0
