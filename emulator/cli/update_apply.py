"""``evergreen update apply``."""

from __future__ import annotations

from pathlib import Path

import click

from emulator.cli.build import built_kernel
from emulator.cli.checkpoint import checkpoint_options, opened
from emulator.cli.options import json_option
from emulator.cli.output import fail, print_document, print_result
from emulator.cli.story import tell_updates


@click.command("apply")
@click.argument("update")
@checkpoint_options
@json_option
def command(update: str, source: Path, save: Path | None, as_json: bool) -> int:
    """Apply UPDATE, a shipped update's name, a folder or a .ko file, to the machine of a checkpoint.

    \b
    Examples:
      evergreen update apply my_update --from running.checkpoint --save updated.checkpoint
    """
    from emulator.scenario.steps import Apply

    built_kernel()
    with opened(source, save) as session:
        result = session.do(Apply(update=update))
        records = [record.to_dict() for record in session.update_records()]
    if as_json:
        error = None if result.ok else result.text
        print_document({"error": error, "updates": records})
    else:
        for line in tell_updates(records):
            print_result(line)
    return 0 if result.ok else fail(result.text, 1)
