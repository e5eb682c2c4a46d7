"""What people read while and after a machine ran."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from emulator.report import RunReport
    from emulator.scenario.result import StepResult


def show_console(text: str) -> None:
    """Console output as it comes, on stdout."""
    sys.stdout.write(text)
    sys.stdout.flush()


def say_console(text: str) -> None:
    """Console output as it comes, beside a result, on stderr."""
    sys.stderr.write(text)
    sys.stderr.flush()


def milliseconds(nanoseconds: int) -> str:
    """Virtual time for people: ``4.123 ms``."""
    return f"{nanoseconds / 1e6:,.3f} ms"


def summary_line(report: RunReport) -> str:
    """How a run ended, in a line."""
    executed = sum(cpu.instructions for cpu in report.cpus)
    return (
        f"{report.exit} after {milliseconds(report.virtual_ns)} of virtual time, {executed:,} instructions, "
        f"{report.wall_seconds:.2f} s; state {report.state_hash[:16]}"
    )


def step_line(result: StepResult) -> str:
    """One step as it has ended."""
    mark = click.style("ok", fg="green") if result.ok else click.style("FAILED", fg="red", bold=True)
    text = result.text.partition("\n")[0]
    return f"{milliseconds(result.end_ns):>14}  {result.do:<14} {mark:<6} {text}"
