"""What a run amounts to: the document that ``--json`` prints."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final

SCHEMA: Final = 1
"""Version of the document's keys; it grows when one changes its meaning or goes."""


@dataclass(frozen=True)
class CpuReport:
    """One CPU at the stop."""

    id: int
    instructions: int


@dataclass(frozen=True)
class RunReport:
    """A machine at its last stop. Hashes are 64 hexadecimal digits.

    Of two runs of equal inputs only ``wall_seconds`` differs.
    """

    schema: int
    exit: str
    """The stop's reason: ready, halted, deadline, idle, panic, stopped or engine-fault."""
    seed: int
    cpus: list[CpuReport]
    virtual_ns: int
    state_hash: str
    schedule_digest: str
    console: str
    wall_seconds: float
    """Since the machine was made."""
    panic: str | None
    """The symbolised report of a kernel that panicked."""
    message: str
    """What happened, for engine-fault; else empty."""

    def to_dict(self) -> dict[str, object]:
        """Plain values, ready for JSON."""
        return asdict(self)
