"""What README and documentation show is what the program does."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from emulator.cli.main import cli
from emulator.cli.prompt_commands import find_command
from tests.cli.commands import call
from toolchain.paths import installation

ROOT = installation().root
PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/*.md"), *ROOT.glob("updates/*/README.md")])
COMMAND = re.compile(r"^    (evergreen [a-z].*?)(?:  .*)?$", re.MULTILINE)
TYPED = re.compile(r"^    evergreen> (.+)$", re.MULTILINE)
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


def shape(text: str) -> list[str]:
    """Lines without their figures."""
    return [re.sub(r"[0-9][0-9,.]*", "#", line).strip() for line in text.splitlines()]


def test_the_transcript_in_the_readme_is_what_a_run_prints(capsys: pytest.CaptureFixture[str]) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    start = readme.index("    update allocator_race: active")
    transcript = shape(readme[start:].partition("\n\n")[0])
    printed = shape(call(capsys, "run", "allocator_race").out)
    assert [line.removesuffix(", # s") for line in printed] == transcript
