"""``evergreen restore``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from emulator.cli.build import built_kernel
from emulator.cli.checkpoint import save_option
from emulator.cli.options import duration_value, json_option
from emulator.cli.run_output import report_machine, show_console
from emulator.errors import UsageError

if TYPE_CHECKING:
    from emulator.checkpoint import Checkpoint


@click.command("restore")
@click.argument("checkpoint", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--for",
    "duration",
    callback=lambda ctx, param, value: None if value is None else duration_value(ctx, param, value),
    metavar="TIME",
    help="Let so much virtual time pass without a prompt, then report.",
)
@click.option(
    "--disk",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="IMAGE",
    help="The disk image that the saved machine began with, if it did.",
)
@save_option
@json_option
def command(
    checkpoint: Path, duration: int | None, disk: Path | None, save: Path | None, as_json: bool
) -> int:
    """Go on where a machine was that was kept in CHECKPOINT.

    With --for there is no prompt: the machine runs so long and its state is reported.

    \b
    Examples:
      evergreen restore ready.checkpoint
      evergreen restore ready.checkpoint --for 20ms --json
      evergreen restore ready.checkpoint --for 1s --save later.checkpoint
    """
    from emulator.checkpoint import Checkpoint

    saved = Checkpoint.read(checkpoint)
    if duration is not None:
        return _run(saved, duration, disk, save, as_json)
    if as_json or save is not None:
        raise UsageError("--json and --save need --for; at the prompt, say: save FILE")
    from emulator.cli.live import live
    from emulator.scenario import steps

    config = saved.config(kernel=built_kernel().path, disk_image=disk)
    return live(config, steps.Restore(file=str(checkpoint)))


def _run(saved: Checkpoint, duration: int, disk: Path | None, save: Path | None, as_json: bool) -> int:
    from emulator.system import Machine

    show = None if as_json else show_console
    kernel = built_kernel().path
    with Machine.from_checkpoint(saved, kernel=kernel, disk_image=disk, on_output=show) as machine:
        machine.run_for(duration)
        panic = machine.panic
        problem = None if panic is None else f"the kernel panicked: {panic.message}"
        if save is not None and problem is None:
            machine.save().write(save)
        return report_machine(machine, problem, as_json)
