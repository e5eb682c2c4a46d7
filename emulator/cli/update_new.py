"""``evergreen update new``."""

from __future__ import annotations

import re
from pathlib import Path

import click

from emulator.cli.options import json_option
from emulator.cli.output import print_document, print_result
from emulator.errors import UsageError

_NAME = re.compile(r"[a-z][a-z0-9_]{0,46}")


@click.command("new")
@click.argument("name")
@click.option(
    "--class",
    "class_name",
    metavar="CLASS",
    help="Start from the next version of a class of the kernel, instead of from an example.",
)
@click.option(
    "--in",
    "parent",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path(),
    help="The folder in which it is made.  [default: here]",
)
@json_option
def command(name: str, class_name: str | None, parent: Path, as_json: bool) -> None:
    """Make a folder NAME with an update to start from, which builds and runs.

    NAME is made of a-z, 0-9 and _.

    \b
    Examples:
      evergreen update new my_counter
      evergreen update new my_port --class QueuedPort
      evergreen run my_port/scenario.toml
    """
    from toolchain.paths import installation
    from toolchain.update_folder import example_files, version_files, write_folder

    if _NAME.fullmatch(name) is None:
        raise UsageError(f'"{name}": an update\'s name is made of a-z, 0-9 and _, first a letter, 47 at most')
    shipped, folder = installation(), parent / name
    files = version_files(name, class_name, shipped) if class_name else example_files(name, shipped)
    try:
        write_folder(folder, files)
    except OSError as error:
        raise UsageError(f"{folder}: {error.strerror}") from None
    if as_json:
        print_document({"folder": str(folder), "files": sorted(files)})
        return
    print_result(f"{folder}: {', '.join(sorted(files))}")
    print_result(f"try it: evergreen run {folder / 'scenario.toml'}")
