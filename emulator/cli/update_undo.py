"""What ``update cancel`` and ``update revert`` have in common."""

from __future__ import annotations

from pathlib import Path

from emulator.cli.checkpoint import opened, progress
from emulator.cli.output import fail, print_document, print_result
from emulator.cli.update_status import status_lines, status_rows
from emulator.errors import GuestError


def undo(verb: str, update: str, source: Path, save: Path | None, *, as_json: bool) -> int:
    """Asks the guest of a checkpoint to cancel or revert an update; returns the exit code."""
    with opened(source, save) as session, progress(session, shown=not as_json):
        monitor = session.machine.monitor
        error = None
        try:
            named = int(update) if update.isdecimal() else update
            monitor.cancel(named) if verb == "cancel" else monitor.revert(named)
        except GuestError as failure:
            error = str(failure)
        updates = monitor.updates()
    if as_json:
        print_document({"error": error, "updates": status_rows(updates)})
    else:
        for line in status_lines(updates):
            print_result(line)
    return 0 if error is None else fail(error, 1)
