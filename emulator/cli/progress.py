"""Progress of what takes more than a second, on stderr."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from emulator.cli.output import on_terminal, say

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_PATIENCE: Final = 0.4
"""Seconds before anything is shown: what is quick needs no bar."""


class BuildProgress:
    """Shows the steps of a build: a bar on a terminal, else a line at its start."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._start = time.monotonic()
        self._calls = 0
        self._shown = False
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, done: int, total: int, what: str) -> None:
        """``done`` of ``total`` steps; ``what`` was just finished."""
        # The first call tells of what needs no building, the last that all is done: neither needs a bar.
        if self._calls and not self._shown and done < total and time.monotonic() - self._start > _PATIENCE:
            self._show()
        self._calls += 1
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=done, total=total, detail=what)

    def _show(self) -> None:
        self._shown = True
        if not on_terminal():
            say(f"{self._title} ...")
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[detail]}"),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task(self._title, detail="")
        self._bar.start()
