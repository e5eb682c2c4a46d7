"""Commands that do what they were asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.commands import call, spawn
from toolchain.paths import installation

Capture = pytest.CaptureFixture[str]


def test_boot_until_ready_prints_one_document(capsys: Capture) -> None:
    result = call(capsys, "boot", "--until", "ready", "--json", "--seed", "5", "--cpus", "3")
    document = result.document
    assert result.code == 0
    assert document["exit"] == "ready"
    assert document["error"] is None
    assert document["seed"] == 5
    assert [cpu["id"] for cpu in document["cpus"]] == [0, 1, 2]
    assert all(cpu["instructions"] > 0 for cpu in document["cpus"])
    assert document["console"].startswith("evergreen: 3 CPUs, 64 MB\n")
    assert document["virtual_ns"] > 0
    assert document["wall_seconds"] > 0


def test_two_processes_agree(capsys: Capture) -> None:
    here = call(capsys, "boot", "--until", "ready", "--json").document
    there = spawn("boot", "--until", "ready", "--json").document
    assert {**here, "wall_seconds": 0} == {**there, "wall_seconds": 0}


def test_boot_for_people(capsys: Capture) -> None:
    result = call(capsys, "boot", "--until", "ready", "--memory", "32M")
    assert result.code == 0
    assert result.out == "evergreen: 2 CPUs, 32 MB\n"
    assert result.err.startswith("ready after ")


def test_boot_that_does_not_get_there(capsys: Capture) -> None:
    result = call(capsys, "boot", "--until", "ready", "--limit", "1us", "--json")
    assert result.code == 1
    assert result.document["exit"] == "deadline"
    assert "did not come to be ready" in result.document["error"]


def test_boot_for_a_time(capsys: Capture) -> None:
    result = call(capsys, "boot", "--until", "100us", "--json")
    assert result.code == 0
    assert result.document["exit"] == "deadline"
    assert result.document["virtual_ns"] >= 100_000


def test_in_guest_tests_by_prefix(capsys: Capture) -> None:
    result = call(capsys, "boot", "--tests", "format", "--json")
    assert result.code == 0
    assert result.document["exit"] == "halted"
    assert "0 failed" in result.document["console"]


def test_a_prefix_that_no_test_has(capsys: Capture) -> None:
    result = call(capsys, "boot", "--tests", "nothing.", "--json")
    assert result.code == 1
    assert result.document["error"] == "no in-guest test's name begins with nothing."


SCENARIO = '[[step]]\ndo = "boot"\n[[step]]\ndo = "drain"\n[[step]]\ndo = "power-off"\n'


def test_run_for_people_and_programs(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "scenario.toml"
    path.write_text(SCENARIO)
    for_people = call(capsys, "run", path)
    assert for_people.code == 0
    assert for_people.out.startswith("halted after ")
    assert [line.split()[2] for line in for_people.err.splitlines()] == ["boot", "drain", "power-off"]
    for_programs = call(capsys, "run", path, "--json", "--cpus", "1", "--seed", "9")
    assert for_programs.err == ""
    assert (for_programs.document["seed"], len(for_programs.document["cpus"])) == (9, 1)
    assert [step["do"] for step in for_programs.document["steps"]] == ["boot", "drain", "power-off"]


def test_a_shipped_scenario_runs_by_name(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = call(capsys, "run", "allocator_race")
    assert result.code == 0
    lines = result.out.splitlines()
    assert lines[0] == "update allocator_race: active, services::PageAllocatorKernPinned v1 -> v2"
    assert [line.split()[0] for line in lines[2:8]] == [
        "forward", "block", "transfer", "complete", "calls", "operations",
    ]  # fmt: skip
    assert "nothing lost" in lines[8]
    assert lines[9].startswith("never stopped: ")
    assert lines[11].startswith("halted after ")
    assert len(lines) == 12
    assert "once more without the update, to compare ..." in result.err


def test_a_run_that_fails(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "x.scenario.toml"
    path.write_text(SCENARIO.replace('"drain"', '"unload"\nmodule = "x"'))
    result = call(capsys, "run", path, "--json")
    assert result.code == 2
    assert result.document["error"] == "line 3, unload: module x is not loaded"
    assert result.document["exit"] == "ready"
    assert result.err == f"error: {path}: line 3, unload: module x is not loaded\n"


def test_build_names_what_it_made(capsys: Capture) -> None:
    document = call(capsys, "build", "--json").document
    assert Path(document["kernel"]["path"]).is_file()
    assert len(document["kernel"]["build_id"]) == 40
    assert {"allocator_race", "saturating_counter"} <= {module["name"] for module in document["modules"]}
    assert all(Path(module["path"]).is_file() for module in document["modules"])


def test_a_new_update_builds_checks_and_runs(tmp_path: Path, capsys: Capture) -> None:
    made = call(capsys, "update", "new", "my_counter", "--in", tmp_path, "--json")
    folder = tmp_path / "my_counter"
    assert made.document["files"] == sorted(path.name for path in folder.iterdir())
    again = call(capsys, "update", "new", "my_counter", "--in", tmp_path)
    assert (again.code, again.err) == (2, f"error: {folder}: File exists\n")
    built = call(capsys, "update", "build", folder)
    assert built.out == f"{folder / 'my_counter.ko'}\n"
    checked = call(capsys, "update", "check", folder / "my_counter.ko", "--json").document
    (module,) = checked["modules"]
    assert (module["name"], module["entry"]) == ("my_counter", "module_init")
    ran = call(capsys, "run", folder / "scenario.toml", "--no-control", "--json")
    assert ran.code == 0
    assert [(update["name"], update["state"]) for update in ran.document["updates"]] == [
        ("allocator_race", "active"),
        ("my_counter", "active"),
    ]


def test_the_next_version_of_a_class_runs_as_it_is_made(tmp_path: Path, capsys: Capture) -> None:
    made = call(capsys, "update", "new", "mine", "--class", "QueuedPort", "--in", tmp_path, "--json")
    folder = tmp_path / "mine"
    assert made.document["files"] == sorted(path.name for path in folder.iterdir())
    ran = call(capsys, "run", folder / "scenario.toml", "--json")
    assert ran.code == 0
    assert [(update["name"], update["state"]) for update in ran.document["updates"]] == [
        ("allocator_race", "active"),
        ("mine", "unloaded"),
        ("mine", "active"),
    ]


def test_check_for_people(capsys: Capture) -> None:
    result = call(capsys, "update", "check", installation().updates / "allocator_race")
    assert result.code == 0
    assert result.out.startswith("module allocator_race, revision 1: fits kernel ")


def test_check_refuses_a_damaged_module(tmp_path: Path, capsys: Capture) -> None:
    call(capsys, "update", "build", installation().updates / "allocator_race", "--output", tmp_path)
    module = tmp_path / "allocator_race.ko"
    module.write_bytes(module.read_bytes()[:1000])
    result = call(capsys, "update", "check", module, "--json")
    assert result.code == 2
    assert result.document["error"].startswith(f"{module}: ")
    assert result.err.count("\n") == 1


def test_sources_that_do_not_build(tmp_path: Path, capsys: Capture) -> None:
    call(capsys, "update", "new", "broken", "--in", tmp_path)
    source = tmp_path / "broken" / "broken.cpp"
    source.write_text(source.read_text() + "int missing() { return 1.5f; }\n")
    result = call(capsys, "update", "build", tmp_path / "broken", "--json")
    assert result.code == 2
    assert result.document["error"].startswith("broken/broken.cpp does not compile:")
    assert "Traceback" not in result.err


def test_disassemble(capsys: Capture) -> None:
    result = call(capsys, "disassemble", "kernel::yield()+0x8", "--count", "2", "--json")
    assert result.document["instructions"][0]["text"] == "mflr r0"
    assert len(result.document["instructions"]) == 2
    whole = call(capsys, "disassemble", "kernel::yield()")
    assert "blr" in [line.split()[2] for line in whole.out.splitlines()]


def test_updates_of_a_checkpoint(tmp_path: Path, capsys: Capture) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    scenario = tmp_path / "scenario.toml"
    scenario.write_text('[[step]]\ndo = "boot"\n[[step]]\ndo = "save"\nfile = "before"\n')
    assert call(capsys, "run", scenario).code == 0
    assert call(capsys, "update", "status", "--from", before).out == "no updates\n"
    applied = call(capsys, "update", "apply", "allocator_race", "--from", before, "--save", after, "--json")
    assert (applied.code, applied.document["updates"][0]["state"]) == (0, "active")
    (update,) = call(capsys, "update", "status", "--from", after, "--json").document["updates"]
    assert (update["id"], update["name"], update["state"]) == (1, "allocator_race", "active")
    assert call(capsys, "update", "status", "--from", before).out == "no updates\n"
    cancelled = call(capsys, "update", "cancel", "1", "--from", after, "--json")
    assert cancelled.code == 1
    assert cancelled.document["error"].startswith("cancel update 1: ")


def test_what_is_refused_of_a_checkpoint_is_named(tmp_path: Path, capsys: Capture) -> None:
    scenario, kept, cut = tmp_path / "scenario.toml", tmp_path / "kept", tmp_path / "cut.ko"
    scenario.write_text('[[step]]\ndo = "boot"\n[[step]]\ndo = "save"\nfile = "kept"\n')
    assert call(capsys, "run", scenario).code == 0
    cut.write_bytes(b"\x7fELF")
    module = call(capsys, "update", "apply", cut, "--from", kept)
    assert (module.code, module.err) == (2, f"error: {cut}: file of 4 bytes: an ELF header takes 64\n")
    unknown = call(capsys, "update", "cancel", "7", "--from", kept)
    assert (unknown.code, unknown.err) == (
        1, "error: cancel update 7: there is no such update (NOT_FOUND)\n",
    )  # fmt: skip
    kept.write_bytes(kept.read_bytes()[:1000])
    damaged = call(capsys, "update", "status", "--from", kept)
    assert damaged.code == 2
    assert damaged.err.startswith(f"error: {kept}: the checkpoint is damaged")


def test_a_file_that_is_no_checkpoint(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"hello")
    result = call(capsys, "update", "status", "--from", path)
    assert (result.code, result.err.count("\n")) == (2, 1)
    assert "not a checkpoint" in result.err
