"""What is wrong is said in one line, with exit code 2, and a document when one was asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.commands import call, spawn

Words = tuple[str, ...]

WRONG: dict[Words, str] = {
    ("dance",): "evergreen: No such command 'dance'",
    ("boot", "--foo"): "evergreen boot: No such option",
    ("boot", "extra"): "unexpected extra argument",
    ("boot", "--cpus", "9", "--until", "ready"): "Invalid value for '--cpus': 9 is not in the range 1<=x<=8",
    ("boot", "--cpus", "two", "--until", "ready"): "Invalid value for '--cpus'",
    ("boot", "--memory", "64X", "--until", "ready"): "Invalid value for '--memory': '64X' is not a size",
    ("boot", "--memory", "8M", "--until", "ready"): "16 MiB to 1 GiB",
    ("boot", "--seed", "-1", "--until", "ready"): "Invalid value for '--seed'",
    ("boot", "--seed", "18446744073709551616", "--until", "ready"): "Invalid value for '--seed'",
    ("boot", "--quantum", "10", "--until", "ready"): "Invalid value for '--quantum'",
    ("boot", "--policy", "best", "--until", "ready"): "policy 'best'",
    ("boot", "--until", "lunch"): "Invalid value for '--until': 'lunch' is not a time",
    ("boot", "--limit", "x", "--until", "ready"): "Invalid value for '--limit'",
    ("run",): "Missing argument 'SCENARIO'",
    ("run", "nowhere/scenario.toml"): "nowhere/scenario.toml: No such file or directory",
    ("run", "nowhere.txt"): "nowhere.txt: a scenario's file is named scenario.toml or NAME.scenario.toml",
    ("trace", "file_sync"): "Missing option '-o'",
    ("trace", "nowhere.txt", "-o", "run.json"): "nowhere.txt: a scenario's file is named scenario.toml",
    ("trace", "nowhere/scenario.toml", "-o", "run.json"): "nowhere/scenario.toml: No such file or directory",
    ("trace", "file_sync", "-o", "nowhere/run.json"): "nowhere/run.json: No such file or directory",
    ("trace", "file_sync", "-o", "."): ".: not a file",
    ("trace", "file_sync", "-o", "run.json", "--cpus", "9"): "9 is not in the range",
    ("update",): "evergreen update: Missing command",
    ("update", "sing"): "evergreen update: No such command 'sing'",
    ("update", "new", "Bad-Name"): "an update's name is made of a-z, 0-9 and _",
    ("update", "new", "x", "--in", "nowhere"): "Directory 'nowhere' does not exist",
    ("update", "build", "nowhere"): "Directory 'nowhere' does not exist",
    ("update", "check", "nowhere.ko"): "Path 'nowhere.ko' does not exist",
    ("update", "apply", "allocator_race"): "Missing option '--from'",
    ("update", "new", "x", "--class", "Nothing"): "the kernel has no class Nothing with a factory",
    ("update", "new", "x", "--class"): "evergreen update new: Option '--class' requires an argument",
    ("update", "check", "/dev/zero"): "/dev/zero: not a file",
    ("update", "status", "--from", "nowhere"): "nowhere: No such file or directory",
    ("update", "status", "--from", "/dev/zero"): "/dev/zero: not a file",
    ("update", "revert", "x", "--from", __file__): f"{__file__}: not a checkpoint",
    (
        "boot",
        "--policy",
        "script:",
        "--until",
        "ready",
    ): "policy 'script:': round-robin, random or script:FILE",
    ("bench", "speed"): "no experiment is called speed; there are ",
    ("bench", "--seed", "x"): "Invalid value for '--seed'",
    ("bench", "-o", "figures.txt"): "--output figures.txt: the report is a page, call it figures.html",
    ("bench", "-o", "nowhere/a.html"): "--output nowhere/a.html: nowhere is no folder",
    ("disassemble", "no_such_symbol"): "no_such_symbol",
    ("disassemble", "0x10"): "0x10 is not in the kernel's code",
}


@pytest.mark.parametrize("words", WRONG, ids=" ".join)
def test_one_line_and_exit_code_two(
    words: Words, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = call(capsys, *words)
    assert result.code == 2
    assert result.out == ""
    assert WRONG[words] in result.err
    assert result.err.startswith("error: ")
    assert result.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", [each for each in WRONG if len(each) > 1], ids=" ".join)
def test_with_json_there_is_one_document(
    words: Words, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = call(capsys, *words, "--json")
    assert result.code == 2
    assert isinstance(result.document["schema"], int)
    assert result.document["exit_code"] == 2
    assert f"error: {result.document['error']}\n" == result.err


def test_a_prompt_is_no_document(capsys: pytest.CaptureFixture[str]) -> None:
    result = call(capsys, "boot", "--json")
    assert result.code == 2
    assert result.document["error"] == "--json needs --until: a prompt is no document"


def test_no_words_are_a_request_for_help(capsys: pytest.CaptureFixture[str]) -> None:
    result = call(capsys)
    assert result.code == 0
    for name in ("build", "boot", "run", "update", "bench", "disassemble"):
        assert f"\n  {name} " in result.out


@pytest.mark.parametrize(
    "words",
    [
        ("build",),
        ("boot",),
        ("run",),
        ("bench",),
        ("disassemble",),
        *(("update", name) for name in ("new", "build", "check", "apply", "cancel", "revert", "status")),
    ],
    ids=" ".join,
)
def test_help_has_examples(words: Words, capsys: pytest.CaptureFixture[str]) -> None:
    result = call(capsys, *words, "--help")
    assert result.code == 0
    assert f"evergreen {' '.join(words)}" in result.out.split("Examples:")[1]


def test_the_shell_completes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_EVERGREEN_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "evergreen up")
    monkeypatch.setenv("COMP_CWORD", "1")
    assert spawn().out == "plain,update\n"


def test_a_defect_is_a_line_too(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_arguments: object) -> None:
        raise ZeroDivisionError("something")

    monkeypatch.delenv("EVERGREEN_TRACEBACK", raising=False)
    monkeypatch.setattr("emulator.cli.disassemble._disassemble", broken)
    result = call(capsys, "disassemble", "x", "--json")
    assert result.code == 1
    assert result.err.startswith("error: a defect of this program: ZeroDivisionError: something")
    assert result.document["exit_code"] == 1


def test_start_up_imports_only_what_it_needs() -> None:
    heavy = ("rich", "prompt_toolkit", "capstone", "keystone", "pytest", "unicorn")
    script = f"import sys; print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)"
    command = f"from emulator.cli import main; main(['boot', '--until', 'ready', '--json']); {script}"
    import subprocess
    import sys

    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", command], capture_output=True, text=True, check=True, cwd=root
    )
    assert done.stderr.endswith("[]\n")
