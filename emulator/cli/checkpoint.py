"""``--from`` and ``--save``: a running machine, kept in a file, for commands of the shell."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from emulator.cli.build import built_kernel
from emulator.cli.conversion import ConversionBar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emulator.scenario.session import Session
    from emulator.system import Machine

_FILE: Final = click.Path(dir_okay=False, path_type=Path)
F = TypeVar("F", bound=Callable[..., Any])


def save_option(command: F) -> F:
    """``--save CHECKPOINT``."""
    return click.option(
        "--save", "save", type=_FILE, metavar="CHECKPOINT", help="Keep the machine here at the end."
    )(command)


def checkpoint_options(command: F) -> F:
    """``--from CHECKPOINT`` and ``--save CHECKPOINT``."""
    source = click.option(
        "--from", "source", type=_FILE, required=True, metavar="CHECKPOINT", help="The machine."
    )
    return source(save_option(command))


@contextmanager
def opened(source: Path, save: Path | None = None) -> Iterator[Session]:
    """The machine of a checkpoint, ready for steps; kept in ``save`` when nothing was refused.

    Raises UsageError for a file that is no checkpoint or cannot be read or written.
    """
    from emulator.scenario.session import Session

    with read_checkpoint(source) as machine:
        yield Session(machine, Path(), machine.config.seed_of_workload, machine.config.keep_race)
        if save is not None:
            machine.save().write(save)


@contextmanager
def progress(session: Session, *, shown: bool) -> Iterator[None]:
    """While it lasts, a bar shows how far the instances of an update are; on a terminal only."""
    with ConversionBar() as bar:
        session.machine.monitor.watch_updates(bar if shown else None)
        yield


def read_checkpoint(path: Path) -> Machine:
    """The machine that a file holds. Raises UsageError."""
    from emulator.checkpoint import Checkpoint
    from emulator.system import Machine

    checkpoint = Checkpoint.read(path)
    built_kernel()
    return Machine.from_checkpoint(checkpoint)
