"""``--from`` and ``--save``: a running machine, kept in a file, for commands of the shell."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from emulator.cli.build import built_kernel
from emulator.cli.conversion import ConversionBar
from emulator.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emulator.scenario.session import Session
    from emulator.system import Machine

F = TypeVar("F", bound=Callable[..., Any])


def checkpoint_options(command: F) -> F:
    """``--from CHECKPOINT`` and ``--save CHECKPOINT``."""
    file = click.Path(dir_okay=False, path_type=Path)
    saved = click.option("--save", "save", type=file, metavar="CHECKPOINT", help="Keep the result here.")
    source = click.option(
        "--from", "source", type=file, required=True, metavar="CHECKPOINT", help="The machine."
    )
    return source(saved(command))


@contextmanager
def opened(source: Path, save: Path | None = None) -> Iterator[Session]:
    """The machine of a checkpoint, ready for steps; kept in ``save`` when nothing was refused.

    Raises UsageError for a file that is no checkpoint or cannot be read or written.
    """
    from emulator.scenario.session import Session

    with read_checkpoint(source) as machine:
        seed = machine.config.seed if machine.config.workload_seed is None else machine.config.workload_seed
        yield Session(machine, Path(), seed, machine.config.keep_race)
        if save is not None:
            write_checkpoint(machine, save)


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

    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    checkpoint = Checkpoint.from_bytes(data)
    built_kernel()
    return Machine.from_checkpoint(checkpoint)


def write_checkpoint(machine: Machine, path: Path) -> None:
    """Raises UsageError when it cannot be written."""
    try:
        path.write_bytes(machine.save().to_bytes())
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
