"""The counter that is replaced while both CPUs count, and what a template must be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from emulator import Machine, SystemConfig
from emulator.machine import Until
from emulator.monitor import UpdateFailed
from emulator.scenario.runner import run_scenario
from emulator.scenario.scenario import load_scenario
from emulator.scenario.steps import Destroy, Swap, Unload
from tests.system.machines import kernel, written_module
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


def call_cost(machine: Machine, callee: str) -> list[int]:
    """Instructions from the client's job to the method's first, and from there back to the client, warm."""
    client = machine.symbols.address("workload::(anonymous namespace)::Counting::run_job")
    method = machine.symbols.address(callee)

    def run_to(address: int) -> int:
        cpu = machine.cpus[0]
        stop = machine.run(Until(deadline_ns=machine.virtual_ns + 1_000_000, cpu=0, address=address))
        assert stop.reached
        return cpu.instructions

    machine.monitor.workload_start("counting")
    for _ in range(5):
        run_to(client)
        machine.run(Until(cpu=0, instructions=machine.cpus[0].instructions + 1))
    at_client = run_to(client)
    at_method = run_to(method)
    at_return = run_to(machine.cpus[0].registers["lr"])
    machine.monitor.workload_stop("counting")
    assert machine.monitor.workload_wait("counting").errors == 0
    return [at_method - at_client, at_return - at_method]


def test_a_call_costs_after_the_swap_what_it_cost_before() -> None:
    callee = "services::v1::PartitionedCounter::increment"
    with Machine(SystemConfig(kernel=kernel().path)) as machine:
        machine.run_until_ready()
        before = call_cost(machine, callee)
        machine.monitor.swap("counter", "SharedCounter")
        machine.monitor.swap("counter", "PartitionedCounter")
        assert call_cost(machine, callee) == before
        machine.monitor.watch("counter")
        assert call_cost(machine, callee) > before
        machine.monitor.unwatch("counter")
        assert call_cost(machine, callee) == before


def test_a_class_that_is_there_already_aborts_its_update_and_the_kernel_goes_on() -> None:
    source = (installation().updates / "saturating_counter" / "saturating_counter.cpp").read_text()
    again = written_module("again", source.replace('"SaturatingCounter"', '"PartitionedCounter"'))
    with Machine(SystemConfig(kernel=kernel().path)) as machine:
        machine.run_until_ready()
        with pytest.raises(UpdateFailed, match=r"update again aborted: .*exception 0x700") as failure:
            machine.monitor.apply(again)
        assert failure.value.record.reason == "fault"
        machine.monitor.workload_start("counting", operations=100)
        assert machine.monitor.workload_wait("counting").errors == 0
