"""``evergreen trace``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from emulator.cli.build import built_kernel
from emulator.cli.options import json_option, machine_options
from emulator.cli.output import fail, print_document, print_result, say
from emulator.cli.run_output import step_line

if TYPE_CHECKING:
    from emulator.scenario.result import StepResult
    from emulator.trace import Trace

_KIB = 1024


@click.command("trace")
@click.argument("scenario", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), required=True, metavar="FILE", help="The timeline."
)
@machine_options
@json_option
def command(scenario: Path, output: Path, as_json: bool, **flags: Any) -> int:  # noqa: ANN401
    """Run a scenario and write its timeline, for https://ui.perfetto.dev.

    Shows which thread each CPU runs and the interrupts that it takes, the states of every update, the phases
    of every swap, each instance as it is converted, and the jobs done. The run is that of evergreen run, to
    the instruction. SCENARIO and the options are as there.

    \b
    Examples:
      evergreen trace file_sync -o file_sync.json
      evergreen trace updates/file_sync/job_mix.scenario.toml -o job_mix.json --seed 7
    """
    from emulator.scenario.runner import Observer, check_updates
    from emulator.scenario.scenario import load_scenario
    from emulator.scenario.shipped import find_scenario
    from emulator.trace import trace_scenario

    wanted = load_scenario(find_scenario(scenario)).with_flags(**flags)
    built_kernel()
    check_updates(wanted)
    observer = Observer() if as_json else Observer(on_step=_show_step)
    trace = trace_scenario(wanted, output, observer=observer)
    _report(trace, as_json)
    error = trace.result.error
    return 0 if error is None else fail(f"{wanted.name}: {error}", trace.result.exit_code)


def _show_step(result: StepResult) -> None:
    say(step_line(result))


def _report(trace: Trace, as_json: bool) -> None:
    if as_json:
        file = {"path": str(trace.path), "events": trace.events, "bytes": trace.bytes}
        print_document({**trace.result.to_dict(), "trace": file})
    else:
        size = f"{trace.bytes / _KIB:,.0f} KiB"
        print_result(f"{trace.path}: {trace.events:,} events, {size}; open it at https://ui.perfetto.dev")
