"""``evergreen boot``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from emulator.cli.build import built_kernel
from emulator.cli.checkpoint import save_option
from emulator.cli.options import duration_value, json_option, machine_options
from emulator.cli.run_output import report_machine, show_console
from emulator.errors import UsageError
from emulator.machine import StopReason, Until
from emulator.scenario import steps

if TYPE_CHECKING:
    from pathlib import Path

    from emulator.machine import Stop
    from emulator.system import Machine
    from emulator.system_config import SystemConfig

_STAGES = ("ready", "halted")
_PREFIX = "tests="
_NO_TESTS = "tests: 0 run, "


def _until(ctx: click.Context, param: click.Parameter, value: str | None) -> str | int | None:
    return value if value is None or value in _STAGES else duration_value(ctx, param, value)


@click.command("boot")
@machine_options
@click.option(
    "--until",
    callback=_until,
    metavar="ready|halted|TIME",
    help="Run so far without a prompt, then report.",
)
@click.option(
    "--limit",
    callback=duration_value,
    default="10s",
    metavar="TIME",
    help="Virtual time at most.  [default: 10s]",
)
@click.option("--tests", metavar="PREFIX", help='Run the in-guest tests whose names start so ("" for all).')
@save_option
@json_option
def command(
    until: str | int | None,
    limit: int,
    tests: str | None,
    save: Path | None,
    as_json: bool,
    **flags: Any,  # noqa: ANN401
) -> int:
    """Boot the kernel and talk to it at a prompt.

    With --until there is no prompt: the machine runs so far and its state is reported.

    \b
    Examples:
      evergreen boot
      evergreen boot --cpus 4 --seed 7 --policy random
      evergreen boot --until ready --json
      evergreen boot --until ready --save ready.checkpoint
      evergreen boot --tests objects.
    """
    until = "halted" if tests is not None else until
    config = _config(flags, tests)
    if until is None:
        if as_json:
            raise UsageError("--json needs --until: a prompt is no document")
        if save is not None:
            raise UsageError("--save needs --until; at the prompt, say: save FILE")
        from emulator.cli.live import live

        return live(config, steps.Boot())
    return _run(config, until, limit, save, as_json)


def _config(flags: dict[str, Any], tests: str | None) -> SystemConfig:
    from emulator.system_config import SystemConfig

    said = {name: value for name, value in flags.items() if value is not None}
    arguments = f"{_PREFIX}{tests}" if tests else ""
    return SystemConfig(**said, kernel=built_kernel().path, run_tests=tests is not None, arguments=arguments)


def _run(config: SystemConfig, until: str | int, limit: int, save: Path | None, as_json: bool) -> int:
    from emulator.system import Machine

    with Machine(config, on_output=None if as_json else show_console) as machine:
        stop = _run_until(machine, until, limit)
        problem = _problem(machine, stop, until)
        if save is not None and problem is None:
            machine.save().write(save)
        return report_machine(machine, problem, as_json)


def _run_until(machine: Machine, until: str | int, limit: int) -> Stop:
    if until == "ready":
        return machine.run_until_ready(limit)
    return machine.run(Until(deadline_ns=until if isinstance(until, int) else limit))


def _problem(machine: Machine, stop: Stop, until: str | int) -> str | None:
    """What was not as asked, in a line."""
    wanted = {"ready": StopReason.READY, "halted": StopReason.HALTED}.get(str(until), StopReason.DEADLINE)
    if machine.panic is not None:
        return f"the kernel panicked: {machine.panic.message}"
    if stop.reason is not wanted and not (isinstance(until, int) and stop.reason is StopReason.IDLE):
        return f"the machine did not come to be {until}: {stop.reason.value} {stop.message}".rstrip()
    return _tests_problem(machine)


def _tests_problem(machine: Machine) -> str | None:
    from emulator.abi.hypercalls import Stage

    failed = next((mark.value for mark in machine.stages if mark.stage is Stage.TESTS_ENDED), 0)
    if failed:
        return f"{failed} in-guest tests failed"
    if machine.config.run_tests and _NO_TESTS in machine.console:
        return f"no in-guest test's name begins with {machine.config.arguments.removeprefix(_PREFIX)}"
    return None
