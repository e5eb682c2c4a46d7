"""``evergreen update new``."""

from __future__ import annotations

import re
from pathlib import Path

import click

from emulator.cli.options import json_option
from emulator.cli.output import print_document, print_result
from emulator.errors import UsageError

_EXAMPLE = "saturating_counter"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,46}")


@click.command("new")
@click.argument("name")
@click.option(
    "--in",
    "parent",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path(),
    help="The folder in which it is made.  [default: here]",
)
@json_option
def command(name: str, parent: Path, as_json: bool) -> None:
    """Make a folder NAME with an update to start from, which builds and runs.

    NAME is made of a-z, 0-9 and _.

    \b
    Examples:
      evergreen update new my_counter
      evergreen run my_counter/scenario.toml
    """
    if _NAME.fullmatch(name) is None:
        raise UsageError(f'"{name}": an update\'s name is made of a-z, 0-9 and _, first a letter')
    folder = parent / name
    files = _copy_example(name, folder)
    if as_json:
        print_document({"folder": str(folder), "files": files})
        return
    print_result(f"{folder}: {', '.join(files)}")
    print_result(f"try it: evergreen run {folder / 'scenario.toml'}")


def _copy_example(name: str, folder: Path) -> list[str]:
    """The shipped example under another name."""
    from toolchain.paths import installation

    source = installation().updates / _EXAMPLE
    renamed = {_EXAMPLE: name, _camel(_EXAMPLE): _camel(name)}
    try:
        folder.mkdir()
    except OSError as error:
        raise UsageError(f"{folder}: {error.strerror}") from None
    files = []
    for path in sorted(source.iterdir()):
        if path.suffix not in (".toml", ".cpp", ".md"):
            continue
        target = path.name.replace(_EXAMPLE, name)
        (folder / target).write_text(_replaced(path.read_text(encoding="utf-8"), renamed), encoding="utf-8")
        files.append(target)
    return files


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def _replaced(text: str, names: dict[str, str]) -> str:
    for old, new in names.items():
        text = text.replace(old, new)
    return text
