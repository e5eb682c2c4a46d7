"""A kernel that can no longer be trusted stops the machine and says where."""

from __future__ import annotations

from emulator.machine import StopReason
from tests.system.machines import module, ready_machine


def _break(machine_method: str, *, with_update: bool) -> str:
    """Makes a method trap while clients call it; the symbolised report."""
    with ready_machine() as machine:
        if with_update:
            machine.monitor.apply(module("saturating_counter"))
        machine.monitor.workload_start("counting")
        machine.monitor.assemble(machine_method, "trap")
        assert machine.run_for(1_000_000).reason is StopReason.PANIC
        assert machine.run_for(1_000_000).reason is StopReason.PANIC
        assert machine.panic is not None
        assert machine.report().panic == machine.panic.text
        return machine.panic.text


def test_a_panic_names_functions_and_lines_of_every_cpu() -> None:
    text = _break("services::v1::PartitionedCounter::increment", with_update=False)
    first, second, *rest = text.splitlines()
    assert first.startswith("panic on CPU ")
    assert "in thread" in second and '"client"' in second and "exception 0x700" in second
    frames = [line for line in rest if line.startswith("  #")]
    assert "services::v1::PartitionedCounter::increment()" in frames[0]
    assert "guest_kernel/services/counter/partitioned_counter." in frames[0]
    assert any("workload::Workload::client_entry" in frame for frame in frames)
    assert sum(line.startswith("CPU ") for line in (second, *rest)) == 2


def test_a_panic_in_the_code_of_a_module_names_it() -> None:
    text = _break("services::v1::SaturatingCounter::increment", with_update=True)
    assert " in module saturating_counter: " in text.splitlines()[0]
    assert "[module saturating_counter]" in text
    assert "saturating_counter.cpp:" in text
