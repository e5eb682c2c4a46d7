"""The counter that is replaced while both CPUs count, and what a template must be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from emulator import Machine, SystemConfig
from emulator.scenario.runner import run_scenario
from emulator.scenario.scenario import load_scenario
from emulator.scenario.steps import Destroy, Swap, Unload
from tests.system.machines import kernel, module
from toolchain.paths import installation


@pytest.mark.parametrize("policy", ["round-robin", "random"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_increment_is_counted_once(policy: str, seed: int) -> None:
    scenario = load_scenario(installation().updates / "saturating_counter" / "scenario.toml")
    wanted = scenario.with_flags(policy=policy, seed=seed).with_control(False)
    result = run_scenario(wanted, kernel=kernel())
    assert result.error is None
    assert [(update["name"], update["state"]) for update in result.updates] == [
        ("allocator_race", "active"),
        ("saturating_counter", "active"),
    ]
    assert result.workload["errors"] == 0
    assert result.workload["operations"] > 1000


def test_there_and_back_and_unloaded() -> None:
    scenario = load_scenario(installation().updates / "saturating_counter" / "scenario.toml")
    *steps, power_off = scenario.steps
    back = [
        Unload(module="saturating_counter", fails="in use"),
        Swap(object="counter", class_name="PartitionedCounter"),
        Unload(module="saturating_counter"),
        Destroy(object="counter", fails="."),
        power_off,
    ]
    wanted = replace(scenario, steps=[*steps, *back]).with_control(False)
    result = run_scenario(wanted, kernel=kernel())
    assert result.error is None
    assert result.updates[-1]["state"] == "unloaded"


def test_a_call_costs_after_the_swap_what_it_cost_before() -> None:
    """Counted by an arbiter before and after a swap away and back again, at the same depth of caches."""

    def cost(machine: Machine) -> int:
        monitor = machine.monitor
        monitor.workload_start("counting", clients=1, operations=50)
        monitor.workload_wait("counting")
        before = machine.cpus[0].instructions + machine.cpus[1].instructions
        monitor.workload_start("counting", clients=1, operations=1050)
        monitor.workload_wait("counting")
        middle = machine.cpus[0].instructions + machine.cpus[1].instructions
        monitor.workload_start("counting", clients=1, operations=50)
        monitor.workload_wait("counting")
        after = machine.cpus[0].instructions + machine.cpus[1].instructions
        return (middle - before) - (after - middle)

    with Machine(SystemConfig(kernel=kernel().path)) as machine:
        machine.run_until_ready()
        machine.monitor.apply(module("allocator_race"))
        first = cost(machine)
        machine.monitor.swap("counter", "SharedCounter")
        machine.monitor.swap("counter", "PartitionedCounter")
        machine.monitor.drain()
        assert abs(cost(machine) - first) < 200  # a thousand operations; timer ticks fall differently
