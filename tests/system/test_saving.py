"""Checkpoints: saved in mid-run, restored into a fresh machine, continued."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator import Checkpoint, Machine, SystemConfig
from emulator.errors import UsageError
from tests.system.machines import kernel, module, ready_machine


@pytest.mark.parametrize("policy", ["round-robin", "random"])
def test_a_restored_machine_goes_on_as_the_saved_one(policy: str) -> None:
    with ready_machine(policy=policy) as machine:
        machine.monitor.workload_start("counting")
        machine.run_for(123_457)
        data = machine.save().to_bytes()
        machine.monitor.apply(module("saturating_counter"))
        machine.run_for(100_000)
        with Machine.from_checkpoint(Checkpoint.from_bytes(data), kernel=kernel().path) as other:
            other.monitor.apply(module("saturating_counter"))
            other.run_for(100_000)
            assert other.report().state_hash == machine.report().state_hash
            assert other.hardware.schedule_digest() == machine.hardware.schedule_digest()


def test_modules_updates_and_names_are_in_a_checkpoint() -> None:
    with ready_machine() as machine:
        record = machine.monitor.apply(module("saturating_counter"))
        checkpoint = Checkpoint.from_bytes(machine.save().to_bytes())
        with Machine.from_checkpoint(checkpoint, kernel=kernel().path) as other:
            assert other.monitor.update_records == [record]
            assert other.stages == machine.stages
            increment = other.symbols.address("services::v1::SaturatingCounter::increment")
            assert other.symbols.locate(increment).module == "saturating_counter"
            other.monitor.swap("counter", "SharedCounter")
            other.monitor.unload("saturating_counter")
            assert other.monitor.modules() == []


def test_a_load_under_way_is_in_a_checkpoint() -> None:
    """Saved between any two steps of the handshake, the load comes to its end in the restored machine."""
    with ready_machine() as machine:
        machine.monitor.start_apply(module("saturating_counter"))
        for _ in range(20):
            machine.run_for(10_000)
            checkpoint = machine.save()
            with Machine.from_checkpoint(checkpoint, kernel=kernel().path) as other:
                other.run_for(3_000_000)
                (record,) = other.monitor.update_records
                assert record.active
                assert other.symbols.address("services::v1::SaturatingCounter::increment")


def test_equal_machines_give_equal_checkpoints() -> None:
    with ready_machine() as one, ready_machine() as other:
        assert one.save().to_bytes() == other.save().to_bytes()


def test_a_script_goes_on_where_it_was(tmp_path: Path) -> None:
    script = tmp_path / "schedule"
    script.write_text("".join(f"run {n % 2} for {1000 + n}\n" for n in range(3000)), encoding="utf-8")
    with ready_machine() as machine:
        machine.monitor.workload_start("counting")
        machine.use_policy(f"script:{script}")
        machine.run_for(200_000)
        checkpoint = Checkpoint.from_bytes(machine.save().to_bytes())
        script.unlink()
        with Machine.from_checkpoint(checkpoint, kernel=kernel().path) as other:
            for each in (machine, other):
                each.run_for(300_000)
            assert other.report().state_hash == machine.report().state_hash


def test_restoring_brings_back_an_earlier_moment() -> None:
    with ready_machine() as machine:
        before, checkpoint = machine.report(), machine.save()
        machine.monitor.apply(module("saturating_counter"))
        machine.restore(checkpoint)
        assert machine.report().state_hash == before.state_hash
        assert machine.monitor.update_records == []
        assert machine.monitor.modules() == []


def test_a_checkpoint_of_another_kernel_is_refused() -> None:
    with ready_machine() as machine:
        saved = machine.save()
        foreign = Checkpoint(**{**saved.__dict__, "build_id": "0" * 40})
        with pytest.raises(UsageError, match="the checkpoint is of kernel 0000"):
            machine.restore(foreign)


def test_a_checkpoint_of_another_machine_is_refused() -> None:
    with ready_machine() as machine, Machine(SystemConfig(cpus=4, kernel=kernel().path)) as other:
        saved = machine.save()
        with pytest.raises(UsageError, match="CPUs"):
            other.restore(saved)


@pytest.mark.parametrize("cut", [0, 10, 30, 200, 5000])
def test_a_damaged_checkpoint_is_refused(cut: int) -> None:
    with ready_machine() as machine:
        data = machine.save().to_bytes()
    with pytest.raises(UsageError, match="checkpoint"):
        Checkpoint.from_bytes(data[:cut])
