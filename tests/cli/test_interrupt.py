"""Ctrl-C while the machine runs ends the command, and is no event in the guest."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.machine import Until
from tests.cli.commands import command_line
from tests.system.machines import kernel, ready_machine

SCENARIO = """
[[step]]
do = "boot"
[[step]]
do = "start"
workload = "counting"
[[step]]
do = "wait"
time = "1000s"
"""


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Who was started in the background of a shell without jobs ignores Ctrl-C, and so do its children."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("command", [("run",), ("trace", "-o", "run.json")], ids=["run", "trace"])
def test_a_command_ends_with_a_line(command: tuple[str, ...], tmp_path: Path) -> None:
    scenario = tmp_path / "scenario.toml"
    scenario.write_text(SCENARIO)
    kernel()
    with subprocess.Popen(
        command_line((*command, scenario)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    ) as process:
        assert process.stderr is not None
        # From here on the machine runs, and will not end by itself.
        while "  start  " not in (line := process.stderr.readline()):
            assert line
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert process.returncode == 130
    assert err.strip() == "error: interrupted"
    assert out == ""
    assert list(tmp_path.iterdir()) == [scenario]


@pytest.mark.usefixtures("interruptible")
def test_the_machine_goes_on_as_if_nothing_had_been() -> None:
    with ready_machine() as machine, ready_machine() as control:
        for each in (machine, control):
            each.monitor.workload_start("counting")
        interrupting = threading.Thread(target=os.kill, args=(os.getpid(), signal.SIGINT))
        with pytest.raises(KeyboardInterrupt):
            interrupting.start()
            machine.run(Until(deadline_ns=1_000_000_000_000))
        interrupting.join()
        end = Until(deadline_ns=machine.virtual_ns + 1_000_000)
        machine.run(end)
        control.run(end)
        assert machine.hardware.state_hash() == control.hardware.state_hash()
        assert machine.hardware.schedule_digest() == control.hardware.schedule_digest()
