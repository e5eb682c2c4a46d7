"""``evergreen update apply``."""

from __future__ import annotations

from pathlib import Path

import click

from emulator.cli.checkpoint import checkpoint_options, opened, progress
from emulator.cli.options import json_option
from emulator.cli.output import fail, print_document, print_result
from emulator.cli.story import tell_updates
from emulator.errors import ModuleError
from emulator.scenario.steps import MODES


@click.command("apply")
@click.argument("update")
@click.option("--mode", type=click.Choice(tuple(MODES)), help="How instances are converted.")
@checkpoint_options
@json_option
def command(update: str, mode: str | None, source: Path, save: Path | None, as_json: bool) -> int:
    """Apply UPDATE, a shipped update's name, a folder or a .ko file, to the machine of a checkpoint.

    Instances that exist are converted before the update is active (eager), or when they are first called
    and in idle time (lazy). Without a mode it is as the update itself says; auto is lazy where there are
    more than 100.

    \b
    Examples:
      evergreen update apply my_update --from running.checkpoint --save updated.checkpoint
      evergreen update apply my_update --mode lazy --from running.checkpoint --save updated.checkpoint
    """
    from emulator.scenario.steps import Apply

    with opened(source, save) as session, progress(session, shown=not as_json):
        try:
            result = session.do(Apply(update=update, mode=mode))
        except ModuleError as refusal:
            raise ModuleError(f"{update}: {refusal}") from None
        records = [record.to_dict() for record in session.update_records()]
    if as_json:
        error = None if result.ok else result.text
        print_document({"error": error, "updates": records})
    else:
        for line in tell_updates(records):
            print_result(line)
    return 0 if result.ok else fail(result.text, 1)
