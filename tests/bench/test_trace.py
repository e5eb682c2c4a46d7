"""A scenario's timeline: the run is the untraced one, and what it shows is what happened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from emulator.errors import UsageError
from emulator.scenario.runner import run_scenario
from emulator.scenario.scenario import Scenario, parse_scenario
from emulator.trace import Trace, trace_scenario
from emulator.trace.timeline import Timeline
from tests.bench.timeline_rules import Contents, assert_disjoint, read_timeline
from tests.system.machines import kernel, ready_machine

PHASES = ["forward", "block", "transfer", "complete"]
LOADED = """
[[step]]
do = "start"
workload = "job-mix"
clients = 4

[[step]]
do = "wait"
time = "1ms"

[[step]]
do = "apply"
update = "file_sync"

[[step]]
do = "wait"
time = "1ms"

[[step]]
do = "stop"
workload = "job-mix"

[[step]]
do = "drain"
"""
BOOT = '[[step]]\ndo = "boot"\n'


def scenario(policy: str = "round-robin") -> Scenario:
    return parse_scenario(f'[machine]\npolicy = "{policy}"\n{BOOT}{LOADED}')


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Trace:
    return trace_scenario(scenario(), tmp_path_factory.mktemp("trace") / "run.json", kernel=kernel())


@pytest.fixture(scope="module")
def shown(trace: Trace) -> Contents:
    return read_timeline(trace.path)


def end_of(machine: Any) -> tuple[Any, ...]:  # noqa: ANN401
    return machine["state_hash"], machine["schedule_digest"], machine["virtual_ns"]


def test_the_traced_run_is_the_untraced_one(trace: Trace) -> None:
    untraced = run_scenario(scenario(), kernel=kernel())
    assert trace.result.exit_code == 0
    assert end_of(trace.result.machine) == end_of(untraced.machine)


@pytest.mark.matrix
def test_under_a_random_schedule_too(tmp_path: Path) -> None:
    traced = trace_scenario(scenario("random"), tmp_path / "run.json", kernel=kernel())
    assert end_of(traced.result.machine) == end_of(run_scenario(scenario("random"), kernel=kernel()).machine)
    read_timeline(tmp_path / "run.json")


def test_threads_take_turns_on_each_cpu(trace: Trace, shown: Contents) -> None:
    for cpu, report in enumerate(trace.result.machine["cpus"]):
        threads = [each for each in shown.slices["CPUs", f"CPU {cpu}"] if "thread" in each.arguments]
        assert_disjoint(threads)
        numbers = {each.arguments["thread"]: each.name for each in threads}
        assert all(name.endswith(f" {number}") for number, name in numbers.items())
        assert sum(name.startswith("client ") for name in numbers.values()) == 2
        # No more than the CPU executed: what it slept is nobody's.
        assert 0 < sum(each.end - each.start for each in threads) < report["instructions"]


def test_interrupts_lie_where_they_came(shown: Contents) -> None:
    for cpu in (0, 1):
        taken = [each for each in shown.slices["CPUs", f"CPU {cpu}"] if "thread" not in each.arguments]
        assert {"external interrupt", "decrementer"} <= {each.name for each in taken}


def test_states_and_phases_of_an_update(trace: Trace, shown: Contents) -> None:
    (fix, update) = trace.result.updates
    for record in (fix, update):
        group = f"update {record['id']}: {record['name']}"
        assert shown.names(group, "state") == ["staged", "applying", "active"]
        assert_disjoint(shown.slices[group, "state"])
    swaps = shown.slices[f"update {update['id']}: {update['name']}", "swaps"]
    done = [swap for swap in update["swaps"] if swap["outcome"] == "completed"]
    for swap in done:
        name = f"{swap['reference']}: {swap['old_class']} -> {swap['new_class']}"
        (whole,) = [each for each in swaps if each.name == name]
        within = [each for each in swaps if each is not whole and whole.start <= each.start < whole.end]
        assert [each.name for each in within] == PHASES
        for each in within:
            times = [phase for phase in swap["phases"] if phase["name"] == each.name]
            assert each.start == min(phase["start_ns"] for phase in times)
    assert done


def test_each_instance_and_each_job_is_counted(trace: Trace, shown: Contents) -> None:
    update = trace.result.updates[1]
    assert len(shown.instants["converted instances", "FCMFile"]) == update["converted"] > 0
    left = [
        value for _time, value in shown.counters[f"update {update['id']}: file_sync", "unconverted instances"]
    ]
    assert max(left) > 0 and left[-1] == 0
    jobs = [shown.counters["CPUs", f"jobs done CPU {cpu}"] for cpu in (0, 1)]
    assert sum(counts[-1][1] for counts in jobs) == trace.result.workload["operations"] > 0


def test_steps_lie_where_they_were(trace: Trace, shown: Contents) -> None:
    long = [step for step in trace.result.steps if step.duration_ns]
    steps = shown.slices["scenario", "steps"]
    assert [each.name for each in steps] == [step.do for step in long]
    assert [each.start for each in steps] == [step.start_ns for step in long]


def test_what_came_before_a_checkpoint_is_left_out(tmp_path: Path) -> None:
    with ready_machine() as machine:
        machine.monitor.swap("counter", "PartitionedCounter")
        saved_ns = machine.virtual_ns
        machine.save().write(tmp_path / "ready.checkpoint")
    wanted = parse_scenario(
        '[[step]]\ndo = "restore"\nfile = "ready.checkpoint"\n[[step]]\ndo = "wait"\ntime = "1ms"\n',
        folder=tmp_path,
    )
    trace_scenario(wanted, tmp_path / "run.json", kernel=kernel())
    shown = read_timeline(tmp_path / "run.json")
    cpus = [shown.slices["CPUs", f"CPU {cpu}"] for cpu in (0, 1)]
    assert all(each.start >= saved_ns - 20_000 for slices in cpus for each in slices)
    assert not any(each.name.startswith("thread ") for slices in cpus for each in slices)
    assert [each.name for each in shown.instants["scenario", "steps"]] == ["restore"]
    assert not any("swap" in group for group, _row in shown.slices)


def test_a_failure_in_the_guest_has_its_timeline(tmp_path: Path) -> None:
    wanted = parse_scenario(f'{BOOT}[[step]]\ndo = "expect"\nfigure = "workload.errors"\nis = 7\n')
    assert trace_scenario(wanted, tmp_path / "run.json", kernel=kernel()).result.exit_code == 1
    (failed,) = read_timeline(tmp_path / "run.json").instants["scenario", "steps"]
    assert failed.name == "expect failed"


@pytest.mark.parametrize("name", ["nowhere/run.json", "."])
def test_a_file_that_cannot_be_written_is_said(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=str(tmp_path)):
        trace_scenario(scenario(), tmp_path / name, kernel=kernel())
    assert list(tmp_path.iterdir()) == []


def test_a_row_never_goes_back_and_all_of_it_ends(tmp_path: Path) -> None:
    written: list[str] = []
    timeline = Timeline(written.append)
    row = timeline.row(timeline.group(1, "group"), "row")
    timeline.begin(row, 1_000, "outer")
    timeline.begin(row, 900, "inner")
    timeline.close(5_001)
    (tmp_path / "timeline").write_text("".join(written), encoding="utf-8")
    outer, inner = read_timeline(tmp_path / "timeline").slices["group", "row"]
    assert (outer.start, outer.end, inner.start, inner.end) == (1_000, 5_001, 1_000, 5_001)
