"""``evergreen update build``."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import click

from emulator.cli.build import built_kernel
from emulator.cli.options import folder_argument, json_option
from emulator.cli.output import print_document, print_result
from emulator.cli.progress import BuildProgress
from emulator.errors import UsageError


@click.command("build")
@folder_argument("folder")
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the modules go.  [default: FOLDER]",
)
@json_option
def command(folder: Path, output: Path | None, as_json: bool) -> None:
    """Build the modules of an update's FOLDER, wherever it lies.

    They are compiled against the headers of the installed kernel and fit no other.

    \b
    Examples:
      evergreen update build my_update
      evergreen update build my_update --output /tmp --json
    """
    built = [_copy(path, output or folder) for path in build_modules(folder)]
    if as_json:
        print_document(_document(built))
        return
    for path in built:
        print_result(str(path))


def build_modules(folder: Path) -> list[Path]:
    """The module files of an update, in their order, with progress. Raises UsageError, BuildError."""
    from toolchain.module import build_update

    kernel = built_kernel()
    with BuildProgress(f"Building {folder.name}") as progress:
        return [module.path for module in build_update(folder, kernel, progress=progress)]


def _copy(module: Path, output: Path) -> Path:
    try:
        output.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copyfile(module, output / module.name))
    except OSError as error:
        raise UsageError(f"{output}: {error.strerror}") from None


def _document(built: list[Path]) -> dict[str, Any]:
    return {
        "modules": [{"name": path.stem, "path": str(path), "bytes": path.stat().st_size} for path in built],
    }
