"""``evergreen run``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from emulator.cli.build import built_kernel
from emulator.cli.conversion import ConversionBar
from emulator.cli.options import json_option, machine_options
from emulator.cli.output import fail, print_document, print_result, say
from emulator.cli.run_output import say_console, step_line
from emulator.cli.story import tell

if TYPE_CHECKING:
    from emulator.scenario.result import RunResult, StepResult
    from emulator.scenario.scenario import Scenario


@click.command("run")
@click.argument("scenario", type=click.Path(path_type=Path))
@machine_options
@click.option(
    "--control/--no-control", default=None, help="Whether to run it again without updates, to compare."
)
@click.option("--console", is_flag=True, help="Show the guest's console, on stderr.")
@json_option
def command(scenario: Path, control: bool | None, console: bool, as_json: bool, **flags: Any) -> int:  # noqa: ANN401
    """Run a scenario and say what happened.

    SCENARIO is a file named scenario.toml or NAME.scenario.toml, or the name of a shipped update.
    Options override its [machine] table.

    \b
    Examples:
      evergreen run allocator_race
      evergreen run my.scenario.toml --seed 12 --policy random --json
    """
    from emulator.scenario.runner import Observer, check_updates, run_scenario
    from emulator.scenario.scenario import load_scenario
    from emulator.scenario.shipped import find_scenario

    wanted = load_scenario(find_scenario(scenario)).with_flags(**flags).with_control(control)
    built_kernel()
    check_updates(wanted)
    with ConversionBar() as bar:
        observer = Observer(
            on_output=say_console if console else None,
            on_step=_show_step,
            on_update=bar,
            on_control=_show_control,
        )
        result = run_scenario(wanted, observer=Observer() if as_json else observer)
    return _report(result, wanted, as_json)


def _show_step(result: StepResult) -> None:
    say(step_line(result))


def _show_control() -> None:
    say("once more without the update, to compare ...")


def _report(result: RunResult, scenario: Scenario, as_json: bool) -> int:
    document = result.to_dict()
    if as_json:
        print_document(document)
    else:
        for line in tell(document):
            print_result(line)
    panic = document["panic"]
    if panic:
        say(panic)
    if result.error is not None:
        return fail(f"{scenario.name}: {result.error}", result.exit_code)
    return 0
