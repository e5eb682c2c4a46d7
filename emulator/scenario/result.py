"""What a scenario did: one result a step, and the document that ``evergreen run --json`` prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"


@dataclass(frozen=True)
class StepResult:
    """How one step went; times are machine time in ns."""

    do: str
    ok: bool
    start_ns: int
    end_ns: int
    text: str = ""
    """One line: what came of it, or what failed."""
    values: Mapping[str, Json] = field(default_factory=dict)
    """Figures of the step, by name."""
    line: int = 0
    """Of the scenario's file; 0 for a step that it does not hold."""

    @property
    def duration_ns(self) -> int:
        """From start to end."""
        return self.end_ns - self.start_ns

    def to_dict(self) -> dict[str, Any]:
        """As the document has it."""
        return {
            "do": self.do,
            "ok": self.ok,
            "line": self.line or None,
            "start_ns": self.start_ns,
            "end_ns": self.end_ns,
            "text": self.text,
            **self.values,
        }


@dataclass(frozen=True)
class RunResult:
    """A scenario's run from first to last executed step."""

    machine: Mapping[str, Any]
    """The machine's own report: ``exit``, ``seed``, ``cpus`` and so on."""
    steps: Sequence[StepResult]
    workload: Mapping[str, Any]
    updates: Sequence[Mapping[str, Any]]
    swaps: Sequence[Mapping[str, Any]]
    exit_code: int = 0
    """0: all as expected; 1: the guest, an update or an expectation failed; 2: refused by the host."""
    error: str | None = None
    control: RunResult | None = None
    """The same without updates and swaps, where the scenario asks for it."""

    def to_dict(self) -> dict[str, Any]:
        """The document."""
        return {
            **self.machine,
            "exit_code": self.exit_code,
            "error": self.error,
            "steps": [step.to_dict() for step in self.steps],
            "workload": dict(self.workload),
            "updates": list(self.updates),
            "swaps": list(self.swaps),
            "control": None if self.control is None else self.control.summary(),
        }

    def summary(self) -> dict[str, Any]:
        """What of a control run is of use beside the run itself."""
        return {
            "exit": self.machine["exit"],
            "error": self.error,
            "virtual_ns": self.machine["virtual_ns"],
            "workload": dict(self.workload),
        }
