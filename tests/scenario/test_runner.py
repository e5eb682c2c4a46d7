"""Scenarios on a real machine: steps, results, and that a run repeats."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from emulator.errors import UsageError
from emulator.scenario import runner
from emulator.scenario.result import RunResult
from emulator.scenario.runner import Observer, check_updates
from emulator.scenario.scenario import Scenario, parse_scenario
from tests.system.machines import kernel

COUNTING = """
[[step]]
do = "start"
workload = "counting"
operations = 200
"""
ENDED = """
[[step]]
do = "wait"
workload = "counting"
"""


def run_scenario(scenario: Scenario, observer: Observer | None = None) -> RunResult:
    """All tests of this process run one kernel."""
    return runner.run_scenario(scenario, kernel=kernel(), observer=observer)


def run(text: str, machine: str = "") -> RunResult:
    return run_scenario(parse_scenario(f'{machine}\n[[step]]\ndo = "boot"\n{text}'))


def step(do: str, **keys: object) -> str:
    lines = [f"{name.replace('_', '-')} = {value!r}" for name, value in keys.items()]
    return "\n".join(["[[step]]", f'do = "{do}"', *lines, ""])


@pytest.fixture(scope="module")
def counted() -> RunResult:
    return run(COUNTING + ENDED + step("drain") + step("power-off"))


def test_every_step_is_reported_in_order(counted: RunResult) -> None:
    assert counted.error is None
    assert counted.exit_code == 0
    assert [each.do for each in counted.steps] == ["boot", "apply", "start", "wait", "drain", "power-off"]
    assert all(each.ok for each in counted.steps)
    times = [time for each in counted.steps for time in (each.start_ns, each.end_ns)]
    assert times == sorted(times)


def test_the_document_has_what_it_promises(counted: RunResult) -> None:
    document = counted.to_dict()
    assert document["exit"] == "halted"
    assert document["workload"]["operations"] == 400
    assert document["workload"]["errors"] == 0
    assert [cpu["id"] for cpu in document["cpus"]] == [0, 1]
    assert len(document["state_hash"]) == len(document["schedule_digest"]) == 64
    (update,) = document["updates"]
    assert (update["name"], update["state"]) == ("allocator_race", "active")
    assert {phase["name"] for phase in update["phases"]} == {"forward", "block", "transfer", "complete"}
    assert all(phase["start_ns"] <= phase["end_ns"] for phase in update["phases"])
    assert {"calls_forwarded", "calls_blocked", "blocked_ns_max"} <= set(update)


def test_the_race_is_fixed_before_the_first_load_and_the_result_says_so(counted: RunResult) -> None:
    fix = counted.steps[1]
    assert (fix.do, fix.line, fix.text) == ("apply", 0, "allocator_race active")


def test_keep_race_leaves_the_kernel_as_it_shipped() -> None:
    result = run(COUNTING + ENDED, "[machine]\nkeep-race = true")
    assert result.updates == []
    assert [each.do for each in result.steps] == ["boot", "start", "wait"]


def facts(result: RunResult) -> dict[str, Any]:
    return {name: value for name, value in result.to_dict().items() if name != "wall_seconds"}


def test_the_same_seed_gives_the_same_run(counted: RunResult) -> None:
    again = run(COUNTING + ENDED + step("drain") + step("power-off"))
    assert facts(again) == facts(counted)


def test_another_seed_gives_another_interleaving() -> None:
    one, other = (run(COUNTING + ENDED, f'[machine]\npolicy = "random"\nseed = {seed}') for seed in (1, 2))
    assert one.machine["schedule_digest"] != other.machine["schedule_digest"]


def test_the_workload_has_a_stream_of_its_own() -> None:
    storm = COUNTING.replace("counting", "allocation-storm") + step("wait", workload="allocation-storm")
    one, other, same = (run(storm, f"[workload]\nseed = {seed}").machine["state_hash"] for seed in (1, 2, 1))
    assert one == same != other


FAILURES = {
    step("start", workload="dancing"): (1, "line 4, start: workload dancing: there is none of that name"),
    step("expect", figure="workload.errors", at_least=1): (1, "workload.errors = 0, expected at least 1"),
    step("expect", figure="memory.heap", at_most=1 << 30) + step("expect", figure="virtual_ns", at_most=1): (
        1,
        "expected at most 1",
    ),
    step("expect", figure="workload.stars", at_least=1): (1, 'there is no "stars"'),
    step("expect", figure="objects", at_least=1): (1, "which is no number"),
    step("expect-console", text="never shown", within="1ms"): (1, "the console never showed never shown"),
    step("swap", **{"object": "counter", "class": "Nothing"}): (1, "swap counter with Nothing"),
    step("swap", **{"object": "@9999.1", "class": "SharedCounter"}): (1, "swap @9999.1"),
    step("destroy", object="counter"): (1, "destroy counter"),
    step("unload", module="nothing"): (2, "module nothing is not loaded"),
    step("step", cpu=5): (2, "CPU 5: there are 2"),
    step("drain", fails="nothing fails here"): (1, "expected was a failure: nothing fails here"),
    step("start", workload="dancing", fails="another reason"): (1, "failed otherwise than expected"),
    step("drain", counts=[1, 2]): (1, "the run has diverged (another kernel?)"),
    step("schedule", policy="script:nowhere"): (2, "schedule nowhere: No such file or directory"),
}


@pytest.mark.parametrize("text", FAILURES, ids=range(len(FAILURES)))
def test_a_step_that_fails_ends_the_run(text: str) -> None:
    code, message = FAILURES[text]
    result = run(text + step("drain"))
    assert result.exit_code == code
    assert result.error is not None
    assert message in result.error
    assert "\n" not in result.error
    assert [each.ok for each in result.steps][-1] is False
    assert result.machine["panic"] is None


def test_an_expected_failure_is_a_success() -> None:
    result = run(step("start", workload="dancing", fails="NOT_FOUND") + step("drain"))
    assert result.exit_code == 0
    assert result.steps[2].ok
    assert result.steps[2].text.startswith("failed as expected: workload dancing")


def test_looking_and_counting() -> None:
    result = run(
        step("look", what="objects")
        + step("watch", object="counter")
        + COUNTING
        + ENDED
        + step("unwatch", object="counter")
        + step("look", what="object", of="counter")
    )
    assert result.error is None
    names = {row["name"] for row in result.to_dict()["steps"][1]["rows"]}
    assert {"page-allocator", "counter"} <= names
    counts = next(each for each in result.to_dict()["steps"] if each["do"] == "unwatch")["methods"]
    assert max(count["calls"] for count in counts) == 400


def test_swaps_of_their_own_are_reported() -> None:
    swap = step("swap", **{"object": "counter", "class": "SharedCounter"})
    result = run(COUNTING.replace("operations = 200", "") + swap + step("stop", workload="counting"))
    assert result.error is None
    (record,) = result.swaps
    assert (record["old_class"], record["new_class"]) == ("PartitionedCounter", "SharedCounter")
    assert record["outcome"] == "completed"


def test_created_and_destroyed() -> None:
    created = run(step("create", **{"class": "SharedCounter"}))
    reference = created.to_dict()["steps"][1]["reference"]
    result = run(
        step("create", **{"class": "SharedCounter"})
        + step("destroy", object=reference)
        + step("destroy", object=reference, fails=".")
    )
    assert result.error is None


def test_a_module_that_the_host_refuses(tmp_path: Path) -> None:
    (tmp_path / "bad.ko").write_bytes(b"\x7fELF but not really")
    scenario = parse_scenario(
        '[[step]]\ndo = "boot"\n[[step]]\ndo = "apply"\nupdate = "bad.ko"\n', folder=tmp_path
    )
    result = run_scenario(scenario)
    assert result.exit_code == 2
    assert result.machine["exit"] == "ready"
    (update,) = result.updates
    assert (update["name"], update["state"]) == ("bad", "rejected")
    untouched = run("")
    assert result.machine["state_hash"] == untouched.machine["state_hash"]


def test_an_update_that_is_nowhere_is_refused_before_anything_runs(tmp_path: Path) -> None:
    scenario = parse_scenario(
        '[[step]]\ndo = "boot"\n[[step]]\ndo = "apply"\nupdate = "nowhere"\n', "s.toml", tmp_path
    )
    with pytest.raises(
        UsageError, match=r'^s\.toml:3: no update "nowhere".*shipped ones are .*allocator_race'
    ):
        check_updates(scenario)


def test_a_checkpoint_goes_on_as_the_run_would(tmp_path: Path) -> None:
    from emulator import Checkpoint, Machine

    saved = step("save", file="m.checkpoint") + step("wait", time="1ms")
    scenario = parse_scenario(f'[[step]]\ndo = "boot"\n{COUNTING}{saved}', folder=tmp_path)
    result = run_scenario(scenario)
    assert result.error is None
    checkpoint = Checkpoint.from_bytes((tmp_path / "m.checkpoint").read_bytes())
    with Machine.from_checkpoint(checkpoint, kernel=kernel().path) as machine:
        machine.run_for(1_000_000)
        machine.monitor.workload_status("counting")
        assert machine.hardware.state_hash() == result.machine["state_hash"]


def test_a_disk_with_a_file(tmp_path: Path) -> None:
    (tmp_path / "image").write_bytes(bytes(100_000))
    text = '[disk]\nfile = "image"\nblocks = 0\nlatency = "1ms"\n[[step]]\ndo = "boot"\n'
    assert run_scenario(parse_scenario(text, folder=tmp_path)).error is None
    with pytest.raises(UsageError, match="nowhere"):
        run_scenario(parse_scenario(text.replace("image", "nowhere"), folder=tmp_path))


def test_steps_and_console_are_told_as_they_come() -> None:
    told: list[str] = []
    observer = Observer(on_output=told.append, on_step=lambda result: told.append(result.do))
    run_scenario(parse_scenario('[[step]]\ndo = "boot"\n[[step]]\ndo = "drain"\n'), observer=observer)
    assert told[-2:] == ["boot", "drain"]
    assert "".join(told[:-2]).startswith("evergreen: 2 CPUs, 64 MB\n")
