"""What README and documentation show is what the program does."""

from __future__ import annotations

import io
import re
import shlex
from pathlib import Path

import click
import pytest

from emulator.cli.main import cli
from emulator.cli.prompt_commands import find_command
from emulator.scenario.step_table import STEPS
from emulator.scenario.steps import Step
from emulator.scenario.tables import keys_of
from tests.cli.commands import call
from toolchain.paths import installation

ROOT = installation().root
PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/*.md"), *ROOT.glob("updates/*/README.md")])
COMMAND = re.compile(r"^    (evergreen [a-z].*?)(?:  .*)?$", re.MULTILINE)
TYPED = re.compile(r"^    evergreen> (.+)$", re.MULTILINE)
COMMANDS_HEAD = "| command | what it does | keys of its document, beside `schema` |"
LINK = re.compile(r"\]\(([^)#:]+)\)")


def shown(pattern: re.Pattern[str]) -> list[str]:
    return sorted({found for page in PAGES for found in pattern.findall(page.read_text(encoding="utf-8"))})


@pytest.mark.parametrize("line", shown(COMMAND))
def test_commands_exist_with_their_options(line: str) -> None:
    words = shlex.split(line)[1:]
    command: click.Command = cli
    context = click.Context(command)
    while isinstance(command, click.Group):
        found = command.get_command(context, words.pop(0))
        assert found is not None, line
        command = found
    known = {option for param in command.params for option in param.opts}
    assert {word for word in words if word.startswith("--")} <= known


@pytest.mark.parametrize("line", shown(TYPED))
def test_what_is_typed_at_the_prompt_is_understood(line: str) -> None:
    words = shlex.split(line)
    command = find_command(words[0])
    command.check(words[1:])
    if command.make_step is not None:
        command.make_step(words[1:])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert [link for link in LINK.findall(text) if not (page.parent / link).exists()] == []


def test_every_page_is_in_the_index_of_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [page.name for page in ROOT.glob("docs/*.md") if f"](docs/{page.name})" not in readme] == []


def rows_of(page: str, head: str) -> list[list[str]]:
    """The cells of the table with that first line, without marks of code."""
    _, _, table = (ROOT / "docs" / page).read_text(encoding="utf-8").partition(f"{head}\n")
    rows = table.partition("\n\n")[0].splitlines()[1:]
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows]


def test_the_table_of_steps_has_each_step_with_its_keys() -> None:
    rows = {row[0].strip("`"): row for row in rows_of("scenarios.md", "| do | keys | what happens |")}
    names = [row[0].strip("`") for row in rows_of("scenarios.md", "| do | keys | what happens |")]
    assert sorted(names) == sorted(STEPS)
    for name, step in STEPS.items():
        told = set(re.findall(r"`([a-z-]+)`", rows[name][1]))
        assert set(keys_of(step)) - set(keys_of(Step)) <= told, name


DOCUMENTS = {
    "build": ("build",),
    "boot": ("boot", "--until", "ready"),
    "update new": ("update", "new", "mine"),
    "update check": ("update", "check", str(ROOT / "updates" / "saturating_counter")),
    "disassemble": ("disassemble", "kernel::yield", "--count", "1"),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_have_the_keys_that_are_documented(
    name: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (row,) = [row for row in rows_of("command-line.md", COMMANDS_HEAD) if row[0] == f"`{name}`"]
    outside = re.sub(r"\([^)]*\)", "", row[2])
    document = call(capsys, *DOCUMENTS[name], "--json").document
    assert set(document) == {"schema", *re.findall(r"`(\w+)`", outside)}


def test_every_command_is_documented() -> None:
    rows = [row[0] for row in rows_of("command-line.md", COMMANDS_HEAD)]
    named = set(re.findall(r"`([a-z ]+)`", " ".join(rows)))
    context = click.Context(cli)
    commands = {name for name in cli.list_commands(context) if name != "update"}
    update = cli.get_command(context, "update")
    assert isinstance(update, click.Group)
    assert named == commands | {f"update {name}" for name in update.list_commands(context)}


def shape(text: str) -> list[str]:
    """Lines without their figures."""
    return [re.sub(r"[0-9][0-9,.]*", "#", line).strip() for line in text.splitlines()]


def test_the_transcript_in_the_readme_is_what_a_run_prints(capsys: pytest.CaptureFixture[str]) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    start = readme.index("    update allocator_race: active")
    transcript = shape(readme[start:].partition("\n\n")[0])
    printed = shape(call(capsys, "run", "allocator_race").out)
    assert [line.removesuffix(", # s") for line in printed] == transcript


def test_the_objects_in_the_readme_are_those_of_the_kernel(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.findall(r"^    ((?:reference|@).*)$", readme, re.MULTILINE)
    monkeypatch.setattr("sys.stdin", io.StringIO("objects\n"))
    assert shown
    assert set(shown) <= set(call(capsys, "boot").out.splitlines())
