"""What people read while and after a machine ran."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from emulator.cli.output import fail, print_document, say

if TYPE_CHECKING:
    from emulator.report import RunReport
    from emulator.scenario.result import StepResult
    from emulator.system import Machine


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


def report_machine(machine: Machine, problem: str | None, as_json: bool) -> int:
    """The machine at the end of a command, and what went wrong, if anything did; returns the exit code."""
    report = machine.report()
    if as_json:
        print_document({**report.to_dict(), "error": problem})
    else:
        say(summary_line(report))
    if machine.panic is not None:
        say(machine.panic.text)
    return 0 if problem is None else fail(problem, 1)


def step_line(result: StepResult) -> str:
    """One step as it has ended."""
    mark = click.style("ok", fg="green") if result.ok else click.style("FAILED", fg="red", bold=True)
    text = result.text.partition("\n")[0]
    return f"{milliseconds(result.end_ns):>14}  {result.do:<14} {mark:<6} {text}"
