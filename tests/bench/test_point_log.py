"""The log of points of the guest's run: unseen by the guest (that records are exact: tests/machine)."""

from __future__ import annotations

from collections import Counter
from contextlib import nullcontext
from itertools import pairwise

import pytest

from emulator import Machine
from emulator.bench.code_points import (
    STRAIGHT_MAX,
    calls_of,
    check_can_be_logged,
    returns_of,
)
from emulator.bench.point_log import Kind, PointLog, PointRecord
from emulator.bench.stretches import StretchWatch
from emulator.errors import EngineError, UsageError
from emulator.monitor.code import INSTRUCTION_SIZE
from tests.system.machines import ready_machine

PASS = "kernel::OuterLoop::pass"
SPAN_NS = 1_000_000
EXTERNAL = 0x500


def points(machine: Machine) -> dict[str, int | list[int]]:
    return {"pass": machine.symbols.entry(PASS), "passed": returns_of(machine, PASS)}


def run_counters(machine: Machine) -> tuple[str, str]:
    machine.monitor.workload_start("counters", clients=2)
    machine.run_for(SPAN_NS)
    machine.monitor.swap("counter", "PartitionedCounter")
    machine.run_for(SPAN_NS)
    return machine.hardware.state_hash(), machine.hardware.schedule_digest()


def logged(policy: str) -> tuple[tuple[str, str], list[PointRecord]]:
    with (
        ready_machine(policy=policy) as machine,
        PointLog(machine, points(machine), exceptions=True, threads=True) as log,
        StretchWatch(machine) as watch,
    ):
        end = run_counters(machine)
        beats = sum(each.count for each in watch.report().gaps)
        assert beats == sum(each.name == "pass" for each in log.records()) - len(machine.cpus)
        return end, log.records()


@pytest.mark.parametrize("policy", ["round-robin", "random"])
def test_logging_does_not_disturb(policy: str) -> None:
    with ready_machine(policy=policy) as machine:
        alone = run_counters(machine)
    assert logged(policy)[0] == alone


def test_every_kind_of_record() -> None:
    _, records = logged("round-robin")
    kinds = Counter((each.kind, each.name) for each in records)
    assert kinds[Kind.POINT, "pass"] > 100
    # As many came out of a call as went in, but for the threads that are inside one at the end.
    assert (
        0 <= kinds[Kind.POINT, "pass"] - kinds[Kind.POINT, "passed"] <= len({each.thread for each in records})
    )
    assert any(each.vector == EXTERNAL for each in records if each.kind is Kind.EXCEPTION)
    for cpu in (0, 1):
        own = [each for each in records if each.cpu == cpu]
        assert own == sorted(own, key=lambda each: each.instructions)
        for before, after in pairwise(own):
            assert after.kind is Kind.THREAD or after.thread == before.thread


def test_records_are_taken_once_and_kept_after_the_end() -> None:
    with ready_machine() as machine:
        with PointLog(machine, points(machine)) as log:
            run_counters(machine)
            taken = log.take()
            machine.run_for(SPAN_NS)
        assert taken and log.records() and not set(taken) & set(log.records())
        count = len(log.records())
        machine.run_for(SPAN_NS)
        assert len(log.records()) == count


def test_a_log_that_is_full_is_no_shorter_log() -> None:
    with ready_machine() as machine, PointLog(machine, points(machine), most=10) as log:
        run_counters(machine)
        with pytest.raises(EngineError, match=r"no room for .* records after 10"):
            log.records()


def test_an_address_has_one_name() -> None:
    with ready_machine() as machine, pytest.raises(UsageError, match="both 'a' and 'b'"):
        PointLog(machine, {"a": machine.symbols.entry(PASS), "b": machine.symbols.entry(PASS)})


def test_a_call_and_its_return() -> None:
    block = "objects::TranslationTable::target_on_this_cpu"
    with ready_machine() as machine:
        for address in calls_of(machine, block, "objects::meet_marked"):
            call, behind = machine.monitor.disassemble(address, 2)
            assert "meet_marked" in call.text and behind.address == address + INSTRUCTION_SIZE
        with pytest.raises(UsageError, match="calls kernel::OuterLoop::pass nowhere"):
            calls_of(machine, block, PASS)


def test_a_point_that_could_change_the_run_is_refused() -> None:
    with ready_machine() as machine:
        place = machine.symbols.entry(PASS)
        for length, fits in ((STRAIGHT_MAX, True), (STRAIGHT_MAX + 1, False)):
            machine.monitor.assemble(place, "b .+4;" + "nop;" * (length - 1) + "blr;")
            for point in (place + INSTRUCTION_SIZE, place + INSTRUCTION_SIZE * length):
                with nullcontext() if fits else pytest.raises(UsageError, match="without a branch"):
                    check_can_be_logged(machine, point)


@pytest.mark.parametrize("function", ["kernel::allocate", "arch::copy_in"], ids=["another", "condition"])
def test_a_function_that_ends_otherwise_has_no_returns_to_log(function: str) -> None:
    with ready_machine() as machine, pytest.raises(UsageError, match="may end elsewhere than at a return"):
        returns_of(machine, function)
