"""What a failed test says of its machine: console, seed, and what repeats the run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_LINES_MAX: Final = 60
"""Of the console's end."""


@dataclass(frozen=True)
class Story:
    """Sections of a test report."""

    report: Mapping[str, Any]
    """As RunReport.to_dict has it."""
    policy: str
    command: str
    """Repeats the run."""

    def sections(self) -> list[tuple[str, str]]:
        """Title and text of each."""
        report = self.report
        executed = ", ".join(f"{cpu['instructions']:,}" for cpu in report["cpus"])
        run = [
            f"seed {report['seed']}, policy {self.policy}; {report['exit']} at {report['virtual_ns']:,} ns",
            f"instructions {executed}; state {report['state_hash'][:16]}",
            f"repeat it with: {self.command}",
        ]
        found = [("machine", "\n".join(run)), ("machine's console", _end_of(report["console"]))]
        if report["panic"]:
            found.append(("kernel panic", report["panic"]))
        return found


def _end_of(console: str) -> str:
    lines = console.splitlines()
    left_out = len(lines) - _LINES_MAX
    if left_out <= 0:
        return "\n".join(lines) or "(empty)"
    return "\n".join([f"... {left_out} lines before", *lines[-_LINES_MAX:]])
