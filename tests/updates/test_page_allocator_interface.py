"""Section 4.3.5: an interface changes behind an adaptor, its callers follow, adaptor and panic go."""

from __future__ import annotations

from typing import Final

import pytest

from emulator.monitor import UpdateFailed
from emulator.scenario.result import RunResult
from emulator.scenario.runner import run_scenario
from emulator.scenario.scenario import load_scenario
from tests.system.machines import kernel, ready_machine
from toolchain.module import build_update
from toolchain.paths import installation

FOLDER: Final = installation().updates / "page_allocator_interface"
LOAD_NS: Final = 500_000


def run(name: str, seed: int) -> RunResult:
    scenario = load_scenario(FOLDER / name).with_flags(seed=seed).with_control(False)
    return run_scenario(scenario, kernel=kernel())


def test_kernel_as_shipped_panics_for_lack_of_memory() -> None:
    assert run("before.scenario.toml", 435).error is None


@pytest.mark.parametrize(
    "seed", [435, *(pytest.param(seed, marks=pytest.mark.matrix) for seed in range(1, 20))]
)
def test_updated_kernel_lives_through_the_same_pressure(seed: int) -> None:
    result = run("scenario.toml", seed)
    assert result.error is None
    assert result.workload["errors"] == 0
    assert [update["state"] for update in result.updates] == ["superseded", "active", "active"]


def test_adaptor_serves_until_the_last_caller_is_updated() -> None:
    modules = [built.path for built in build_update(FOLDER, kernel())]
    race = build_update(installation().updates / "allocator_race", kernel())[0].path
    with ready_machine() as machine:
        monitor = machine.monitor
        monitor.apply(race)
        monitor.workload_start("allocation-storm")
        machine.run_for(LOAD_NS)
        monitor.apply(modules[0])
        machine.run_for(LOAD_NS)
        (adaptor,) = monitor.adaptors()
        assert (adaptor.kind, adaptor.callers, adaptor.stays) == ("adaptor", 2, "until updated")
        assert adaptor.calls > 50
        assert monitor.object("page-allocator").reference == adaptor.target
        monitor.apply(modules[1])
        machine.run_for(LOAD_NS)
        assert monitor.adaptors() == []
        assert monitor.object("page-allocator").reference == adaptor.target
        monitor.workload_stop("allocation-storm")
        assert monitor.workload_status("allocation-storm").errors == 0


def test_taken_back_under_load_the_allocator_first() -> None:
    modules = [built.path for built in build_update(FOLDER, kernel())]
    race = build_update(installation().updates / "allocator_race", kernel())[0].path
    with ready_machine() as machine:
        monitor = machine.monitor
        monitor.apply(race)
        monitor.workload_start("allocation-storm")
        for module in modules:
            monitor.apply(module)
        machine.run_for(LOAD_NS)
        assert monitor.adaptors() == []
        with pytest.raises(UpdateFailed, match="refused"):
            monitor.revert("page_allocator_callers")
        assert monitor.revert("page_allocator_interface").state == "reverted"
        machine.run_for(LOAD_NS)
        (adaptor,) = monitor.adaptors()
        assert (adaptor.callers, adaptor.stays) == (2, "until updated")
        assert adaptor.calls > 50
        assert monitor.revert("page_allocator_callers").state == "unloaded"
        machine.run_for(LOAD_NS)
        assert monitor.adaptors() == []
        assert {update.state for update in monitor.updates()} == {"active", "unloaded"}
        assert [module.name for module in monitor.modules()] == ["allocator_race"]
        assert monitor.object("page-allocator").values["version"] == 2
        monitor.workload_stop("allocation-storm")
        assert monitor.workload_status("allocation-storm").errors == 0
