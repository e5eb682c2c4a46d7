"""``evergreen update cancel``."""

from __future__ import annotations

from pathlib import Path

import click

from emulator.cli.checkpoint import checkpoint_options
from emulator.cli.options import json_option
from emulator.cli.update_undo import undo


@click.command("cancel")
@click.argument("update", type=click.IntRange(1))
@checkpoint_options
@json_option
def command(update: int, source: Path, save: Path | None, as_json: bool) -> int:
    """Cancel the UPDATE of that id, which is being applied: the old version stays.

    \b
    Examples:
      evergreen update cancel 1 --from running.checkpoint --save cancelled.checkpoint
    """
    return undo("cancel", update, source, save, as_json=as_json)
