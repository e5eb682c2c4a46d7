"""``evergreen update revert``."""

from __future__ import annotations

from pathlib import Path

import click

from emulator.cli.checkpoint import checkpoint_options
from emulator.cli.options import json_option
from emulator.cli.update_undo import undo


@click.command("revert")
@click.argument("update")
@checkpoint_options
@json_option
def command(update: str, source: Path, save: Path | None, as_json: bool) -> int:
    """Revert UPDATE, a name or the guest's id, which is active: the old version comes back.

    \b
    Examples:
      evergreen update revert my_update --from running.checkpoint --save reverted.checkpoint
    """
    return undo("revert", update, source, save, as_json=as_json)
