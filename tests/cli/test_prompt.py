"""The live prompt, driven through a pipe as a program would, and completion without a terminal."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Protocol

import pytest

from emulator.cli.prompt_commands import COMMANDS
from emulator.scenario import steps
from tests.cli.commands import Result, call, spawn


class Typed(Protocol):
    def __call__(self, *lines: str, options: tuple[str, ...] = ()) -> Result: ...


@pytest.fixture
def typed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Typed:
    """Lines through a pipe, in a folder of their own."""

    def run(*lines: str, options: tuple[str, ...] = ()) -> Result:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
        return call(capsys, "boot", *options)

    return run


def test_looking_around(typed: Typed) -> None:
    result = typed("cpus", "objects", "object page-allocator", "classes", "workloads", "where", "quit")
    assert result.code == 0
    lines = [line.split() for line in result.out.splitlines()]
    assert ["id", "state", "thread", "generation"] in lines
    assert ["reference", "name", "class_name", "state"] in lines
    assert ["name", "page-allocator"] in lines
    assert ["counting"] in lines
    assert any(line[:2] == ["CPU", "1"] for line in lines)


def test_the_same_lines_give_the_same_run(typed: Typed) -> None:
    lines = ("start counting", "wait 1ms", "swap counter with SharedCounter", "where", "registers")
    assert typed(*lines).out == typed(*lines).out


def test_an_update_under_load(typed: Typed) -> None:
    result = typed("start counting", "wait 1ms", "apply saturating_counter", "stop counting", "updates")
    assert result.code == 0
    assert "apply: allocator_race active" in result.out
    assert "apply: saturating_counter active" in result.out
    assert " 0 errors" in result.out


def test_events_are_shown_as_they_happen(typed: Typed) -> None:
    lines = typed("apply checked_counter", "swap counter with SharedCounter", "revert 1").out.splitlines()
    told = [line.partition("  ")[2] for line in lines]
    states = ("staged", "applying", "active", "reverting", "reverted", "unloaded")
    seen = [line for line in told if line.startswith("update checked_counter: ")]
    assert [line.split()[2].rstrip(",") for line in seen] == list(states)
    # What has happened stands before what came of the command.
    answer = "swap: counter: PartitionedCounter -> SharedCounter"
    assert told.index("swap of counter: completed") < told.index(answer)


def test_versions_of_an_update_are_readable(typed: Typed) -> None:
    result = typed("apply checked_counter", "updates")
    assert "name=SharedCounter from_version=1 to_version=2 epoch=2" in result.out


@pytest.mark.parametrize(
    ("line", "message", "code"),
    [
        ("dance", '"dance" is no command; help lists them', 2),
        ("re", '"re" could be ', 2),
        ("object", "usage: object REF", 2),
        ("swap counter for SharedCounter", "usage: swap REF with CLASS", 2),
        ("swap counter with Nothing", "swap counter with Nothing: ", 1),
        ("start counting clients=99", "clients = 99: a number from 0 to 64 expected", 2),
        ("start counting threads=1", '"threads=1": clients=N, operations=N, seed=N or grab=N', 2),
        ("wait a while", "usage: wait TIME", 2),
        ("wait 5", '"5" is no time such as', 2),
        ("step x", 'instructions: "x" is no number', 2),
        ("step 1 9", "cpu = 9: a number from 0 to 7 expected", 2),
        ("step 1 5", "CPU 5: there are 2", 2),
        ("apply nothing", 'no update "nothing"', 2),
        ("apply counting soon", 'mode = soon: "auto" or "eager" or "lazy" expected', 2),
        ("unload nothing", "module nothing is not loaded", 2),
        ("disassemble nothing", "nothing", 2),
        ("assemble kernel::yield() foo", "assemble 'foo'", 2),
        ("backtrace x", '"of" of a backtrace is the id of a thread', 2),
        ("registers 7", "there are CPUs 0 to 1", 2),
        ("save /nowhere/file", "/nowhere/file: No such file or directory", 2),
        ("save-scenario x.txt", "a scenario's file is named", 2),
        ("apply 'unclosed", "No closing quotation", 2),
    ],
)
def test_what_is_wrong_is_a_line_and_the_prompt_goes_on(
    line: str, message: str, code: int, typed: Typed
) -> None:
    result = typed(line, "cpus")
    assert result.code == code
    errors = [each for each in result.out.splitlines() if each.startswith("error: ")]
    assert len(errors) == 1
    assert message in errors[0]
    assert "generation" in result.out.splitlines()[-3]


def test_lines_come_through_a_real_pipe_too() -> None:
    result = spawn("boot", stdin="object counter\nquit\ncpus\n")
    assert result.code == 0
    assert "PartitionedCounter" in result.out
    assert "generation" not in result.out


def test_stepping_is_exact(typed: Typed) -> None:
    result = typed("start counting", "step 1000", "where", "step 7", "where")
    counts = [
        int(line.split()[3].replace(",", "")) for line in result.out.splitlines() if line[:5] == "CPU 0"
    ]
    assert counts[1] - counts[0] == 7


def test_assembled_code_is_what_is_disassembled_afterwards(typed: Typed) -> None:
    result = typed("assemble kernel::yield()+0x8 'nop; li 3, 5'", "disassemble kernel::yield()+0x8 2")
    assert [line.split()[2] for line in result.out.splitlines()[-2:]] == ["nop", "li"]


def test_what_was_typed_is_a_scenario_that_repeats_it(
    typed: Typed, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    session = typed(
        "objects",
        "start counting clients=3",
        "wait 700us",
        "swap counter with SharedCounter",
        "swap counter with Nothing",
        "step 123",
        "watch counter",
        "wait 300us",
        "unwatch counter",
        "stop counting",
        "where",
        "save-scenario typed.scenario.toml",
        options=("--seed", "3", "--policy", "random"),
    )
    counts = [
        int(line.split()[3].replace(",", "")) for line in session.out.splitlines() if line[:4] == "CPU "
    ]
    repeated = call(capsys, "run", tmp_path / "typed.scenario.toml", "--json")
    assert repeated.code == 0, repeated.err
    assert [cpu["instructions"] for cpu in repeated.document["cpus"]] == counts
    assert repeated.document["seed"] == 3


def test_power_off_ends_the_machine_and_not_the_prompt(typed: Typed) -> None:
    result = typed("power-off", "cpus", "where", "quit")
    assert result.code == 2
    assert "the machine has ended: halted" in result.out
    assert "error: the machine has ended (halted); quit, or save-scenario" in result.out


def test_a_checkpoint_is_saved(typed: Typed, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert typed("save m.checkpoint").code == 0
    assert call(capsys, "update", "status", "--from", tmp_path / "m.checkpoint").code == 0


def test_help_names_every_command(typed: Typed) -> None:
    result = typed("help", "help swap")
    for command in COMMANDS.values():
        assert command.usage in result.out
    assert result.out.splitlines()[-1].startswith("swap REF with CLASS ")


def test_completion() -> None:
    from prompt_toolkit.completion import CompleteEvent
    from prompt_toolkit.document import Document

    from emulator import Machine
    from emulator.cli.prompt import Prompt
    from emulator.cli.terminal import Vocabulary

    def completed(text: str) -> list[str]:
        return [each.text for each in vocabulary.get_completions(Document(text), CompleteEvent())]

    vocabulary = Vocabulary()
    with Machine() as machine:
        prompt = Prompt(machine, lambda _line: None, running=False)
        prompt.begin(steps.Boot())
        for line in ("objects", "classes", "workloads"):
            prompt.execute(line)
            vocabulary.learn(prompt)
        workloads = machine.monitor.workloads()
    assert completed("sta") == ["stalled", "start"]
    assert "counting" in workloads
    assert completed("start ") == sorted(workloads)
    assert completed("swap co") == ["counter"]
    assert completed("swap counter with Sh") == ["SharedCounter"]
    assert "allocator_race" in completed("apply ")
    assert "kernel::yield()" in completed("disassemble kernel::y")
    assert completed("nonsense ") == []


def test_time_that_passes_while_nobody_types_is_recorded(capsys: pytest.CaptureFixture[str]) -> None:
    """As on a terminal: the machine runs in turns between two commands, also through idle times."""
    from emulator import Machine, SystemConfig
    from emulator.cli.prompt import Prompt
    from emulator.scenario.runner import run_scenario

    with Machine(SystemConfig(seed=4)) as machine:
        prompt = Prompt(machine, print, running=True)
        prompt.begin(steps.Boot())
        for line in ("objects", "start counting", "swap counter with SharedCounter", "stop counting", "cpus"):
            for _ in range(3):
                prompt.pass_time(123_456)
            prompt.execute(line)
        prompt.pass_time(1_000_000)
        reached = machine.hardware.state_hash()
        scenario = prompt.scenario()
        assert prompt.exit_code == 0, capsys.readouterr().out
    result = run_scenario(scenario)
    assert result.error is None
    assert result.machine["state_hash"] == reached


def test_on_a_terminal_one_thread_types_and_another_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from prompt_toolkit.application import create_app_session
    from prompt_toolkit.input import create_pipe_input
    from prompt_toolkit.output import DummyOutput

    from emulator import SystemConfig
    from emulator.cli.terminal import Terminal
    from emulator.scenario.scenario import load_scenario

    monkeypatch.chdir(tmp_path)
    with create_pipe_input() as keyboard, create_app_session(input=keyboard, output=DummyOutput()):
        keyboard.send_text("objects\npause\ncpus\nsave-scenario x.scenario.toml\nnonsense\nquit\n")
        code = Terminal(SystemConfig(), steps.Boot()).run()
    assert code == 2
    typed = load_scenario(tmp_path / "x.scenario.toml").steps
    assert [step.do for step in typed][:3] == ["boot", "look", "look"]


def test_a_prompt_over_a_restored_machine_is_recorded_as_one(
    typed: Typed, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    typed("start counting", "wait 1ms", "save warm.checkpoint", "quit", options=("--seed", "3"))
    lines = "wait 1ms\nsave end.checkpoint\nsave-scenario again.scenario.toml\nquit\n"
    monkeypatch.setattr("sys.stdin", io.StringIO(lines))
    assert call(capsys, "restore", "warm.checkpoint").code == 0
    end = Path("end.checkpoint")
    reached = end.read_bytes()
    end.unlink()
    again = call(capsys, "run", "again.scenario.toml", "--json")
    assert again.code == 0, again.err
    assert again.document["workload"]["operations"] > 0
    assert end.read_bytes() == reached
