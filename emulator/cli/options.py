"""Options that several commands have in common."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from emulator.scenario.values import Duration, Size

F = TypeVar("F", bound=Callable[..., Any])


def size_value(ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
    """Callback of an option that is a size: bytes."""
    try:
        return None if value is None else Size().read(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} is not {Size.allowed}", ctx, param) from None


def duration_value(ctx: click.Context, param: click.Parameter, value: str) -> int:
    """Callback of an option that is virtual time: ns."""
    try:
        return Duration().read(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} is not {Duration.allowed}", ctx, param) from None


def machine_options(command: F) -> F:
    """``--cpus --memory --seed --quantum --policy``; each is None when it was not given."""
    for decorate in reversed(
        (
            click.option("--cpus", type=click.IntRange(1, 8), help="CPUs of the machine.  [default: 2]"),
            click.option(
                "--memory", callback=size_value, metavar="SIZE", help="RAM, 16M to 1G.  [default: 64M]"
            ),
            click.option(
                "--seed", type=click.IntRange(0, (1 << 64) - 1), help="Seed of schedule and workload."
            ),
            click.option(
                "--quantum", type=click.IntRange(1000), help="Instructions of a turn.  [default: 20000]"
            ),
            click.option("--policy", metavar="POLICY", help="round-robin, random or script:FILE."),
        )
    ):
        command = decorate(command)
    return command


def json_option(command: F) -> F:
    """``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")(command)


def folder_argument(name: str) -> Callable[[F], F]:
    """An existing folder."""
    return click.argument(name, type=click.Path(exists=True, file_okay=False, path_type=Path))
