"""``evergreen update status``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from emulator.cli.checkpoint import opened
from emulator.cli.options import json_option
from emulator.cli.output import print_document, print_result

if TYPE_CHECKING:
    from emulator.monitor.replies import UpdateInfo


@click.command("status")
@click.option(
    "--from",
    "source",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    metavar="CHECKPOINT",
    help="The machine.",
)
@json_option
def command(source: Path, as_json: bool) -> None:
    """Show the updates of a checkpoint's machine and their states.

    \b
    Examples:
      evergreen update status --from running.checkpoint
    """
    with opened(source) as session:
        updates = session.machine.monitor.updates()
    if as_json:
        print_document({"updates": status_rows(updates)})
        return
    for line in status_lines(updates):
        print_result(line)


def status_rows(updates: Sequence[UpdateInfo]) -> list[dict[str, Any]]:
    """For a document."""
    return [asdict(update) for update in updates]


def status_lines(updates: Sequence[UpdateInfo]) -> list[str]:
    """For people."""
    if not updates:
        return ["no updates"]
    return [f"{each.id:>3}  {each.name:<24} {_state(each)}" for each in updates]


def _state(update: UpdateInfo) -> str:
    counts = [
        f"{name} {count}"
        for name, count in (
            ("converted", update.converted),
            ("unconverted", update.unconverted),
            ("failed", update.failed),
        )
        if count
    ]
    classes = [f"{each.name} {each.from_version} -> {each.to_version}" for each in update.classes]
    return ", ".join(part for part in (update.state, update.reason, *counts, *classes) if part)
