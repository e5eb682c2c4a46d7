"""The experiment gives its figures; how fast this host is proves nothing."""

import pytest

from emulator.bench import crossings, engine, machine
from emulator.bench.experiment import Setting
from emulator.bench.findings import Basis, Findings
from emulator.bench.loops import CALLS
from emulator.bench.qemu import qemu_installed


@pytest.fixture(scope="module")
def findings() -> Findings:
    parts: list[str] = []
    setting = Setting(quick=True, on_part=parts.append)
    found = machine.EXPERIMENT.run(setting)
    assert len(parts) == machine.EXPERIMENT.parts(setting)
    return found


def value(findings: Findings, name: str) -> float:
    found = findings.figure(name).value
    assert found is not None, name
    return found


def test_everything_is_measured(findings: Findings) -> None:
    names = [figure.name for figure in findings.figures]
    assert len(set(names)) == len(names)
    without_qemu = {figure.name for figure in findings.figures if figure.value is None}
    expected = {name for name in names if "_ratio" in name}
    assert without_qemu == (set() if qemu_installed() else expected)


@pytest.mark.matrix
def test_speeds_and_sizes_mean_something(findings: Findings) -> None:
    for name in ("calls", "memory", "long_blocks", "short_blocks"):
        assert value(findings, f"speed_{name}") > 0
    assert value(findings, "cold_start_processor") > 0
    # Whoever has written a page of memory has executed something, and the host has the page too.
    assert value(findings, "boot_instructions") > value(findings, "boot_memory") / 4096
    assert value(findings, "host_memory") > value(findings, "host_memory_python")
    assert value(findings, "host_memory") > value(findings, "boot_memory")
    # Clients that work take memory, which a checkpoint holds.
    assert value(findings, "checkpoint_loaded_guest_bytes") > value(findings, "checkpoint_ready_guest_bytes")
    assert value(findings, "checkpoint_ready_guest_bytes") > value(findings, "checkpoint_ready_bytes")


@pytest.mark.matrix
def test_leaving_the_guest_costs_what_is_written_there(findings: Findings) -> None:
    hypercalls = ("hypercall_instructions", "host_hypercall_instructions")
    loads = ("mmio_load_instructions", "host_mmio_load_instructions")
    assert [value(findings, name) for name in hypercalls] == [2, 2]  # its number, and sc
    assert [value(findings, name) for name in loads] == [1, 1]


@pytest.mark.matrix
def test_what_is_exact_is_the_same_again(findings: Findings) -> None:
    again = machine.EXPERIMENT.run(Setting(quick=True))
    for figure in findings.figures:
        if figure.basis is Basis.VIRTUAL:
            assert again.figure(figure.name).value == figure.value, figure.name


def test_without_qemu_there_is_no_ratio(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (crossings, engine):
        monkeypatch.setattr(module, "qemu_installed", lambda: False)
    speed = engine.measure_loop(CALLS, iterations=1 << 16, rounds=1)
    assert speed.ratio_to_qemu_icount is None
    assert speed.instructions_per_second > 0
    assert crossings.measure_crossing(crossings.CROSSINGS[0], 1 << 16, 1).qemu_ns is None
