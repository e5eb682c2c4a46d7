"""Booting, the end of a run, and its report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from emulator import Machine, SystemConfig
from emulator.abi.hypercalls import Stage
from emulator.errors import UsageError
from emulator.machine import CpuState, StopReason
from tests.system.machines import kernel, ready_machine


@pytest.mark.parametrize("cpus", [1, 2, 4, 8])
def test_the_kernel_boots_on_every_number_of_cpus(cpus: int) -> None:
    with Machine(SystemConfig(cpus=cpus, kernel=kernel().path)) as machine:
        assert machine.run_until_ready().reason is StopReason.READY, machine.console
        assert [mark.stage for mark in machine.stages] == [Stage.READY]
        assert all(cpu.state is not CpuState.OFF for cpu in machine.cpus)
        assert machine.console.startswith(f"evergreen: {cpus} CPUs, 64 MB\n")
        machine.monitor.ping()


@pytest.mark.parametrize("memory", [16 << 20, 256 << 20])
def test_the_kernel_boots_in_little_and_much_memory(memory: int) -> None:
    with Machine(SystemConfig(memory=memory, kernel=kernel().path)) as machine:
        assert machine.run_until_ready().reason is StopReason.READY, machine.console


def test_output_is_told_as_it_comes() -> None:
    pieces: list[str] = []
    with Machine(SystemConfig(kernel=kernel().path), on_output=pieces.append) as machine:
        machine.run_until_ready()
        assert "".join(pieces) == machine.console != ""


def test_the_report_is_a_json_document_of_the_promised_keys() -> None:
    with Machine(SystemConfig(seed=9, kernel=kernel().path)) as machine:
        machine.run_until_ready()
        document = json.loads(json.dumps(machine.report().to_dict()))
        assert document["exit"] == "ready"
        assert document["seed"] == 9
        assert [cpu["id"] for cpu in document["cpus"]] == [0, 1]
        assert document["cpus"][0]["instructions"] == machine.cpus[0].instructions
        assert len(document["state_hash"]) == len(document["schedule_digest"]) == 64
        assert document["virtual_ns"] == machine.virtual_ns
        assert document["console"] == machine.console
        assert document["panic"] is None
        assert document["wall_seconds"] > 0
        assert document["schema"] == 1


def test_ready_is_not_reached_within_too_short_a_limit() -> None:
    with Machine(SystemConfig(kernel=kernel().path)) as machine:
        assert machine.run_until_ready(limit_ns=10_000).reason is StopReason.DEADLINE
        assert machine.run_until_ready().reason is StopReason.READY


def test_powering_off_ends_the_machine_for_good() -> None:
    with ready_machine() as machine:
        assert machine.monitor.power_off().reason is StopReason.HALTED
        instructions = [cpu.instructions for cpu in machine.cpus]
        assert machine.run_for(1_000_000).reason is StopReason.HALTED
        assert [cpu.instructions for cpu in machine.cpus] == instructions
        assert machine.report().exit == "halted"


def test_a_machine_that_waits_for_nothing_idles() -> None:
    with ready_machine() as machine:
        assert machine.run_for(1_000_000_000).reason is StopReason.IDLE


def test_a_run_ends_at_console_text() -> None:
    with Machine(SystemConfig(kernel=kernel().path)) as machine:
        stop = machine.run_until_console("CPUs", limit_ns=2_000_000_000)
        assert (stop.reason, stop.reached) == (StopReason.STOPPED, True)
        assert not machine.run_until_console("CPUs", limit_ns=1_000).reached


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"cpus": 9}, "9 CPUs: there can be 1 to 8"),
        ({"memory": 1 << 20}, "1048576 bytes of memory: 16 MiB to 1 GiB, in whole MiB"),
        ({"seed": -1}, "seed -1: 0 to 2**64-1"),
        ({"workload_seed": 1 << 64}, "workload seed 18446744073709551616: 0 to 2**64-1"),
        ({"quantum": 10}, "quantum 10: at least 1000 instructions"),
        ({"policy": "fair"}, "policy 'fair': round-robin, random or script:FILE"),
        ({"arguments": "x" * 256}, "boot arguments: at most 255 bytes, none of them zero"),
    ],
)
def test_a_machine_that_cannot_be_built_is_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        SystemConfig(**settings)  # type: ignore[arg-type]
    assert str(caught.value) == message


@pytest.mark.parametrize("contents", [None, b"", b"\x7fELF", b"not an image"])
def test_a_kernel_image_that_is_none_is_refused(tmp_path: Path, contents: bytes | None) -> None:
    path = tmp_path / "kernel.elf"
    if contents is not None:
        path.write_bytes(contents)
    with pytest.raises(UsageError, match="kernel image"):
        Machine(SystemConfig(kernel=path))
