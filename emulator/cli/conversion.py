"""How far the instances of an update are: a bar on a terminal, and nothing anywhere else."""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from emulator.cli.output import on_terminal

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from emulator.monitor import UpdateRecord

_UNDER_WAY: Final = {"applying": "converting", "cancelling": "taking back", "reverting": "taking back"}
"""What happens to the instances, by the state of their update."""
_CELLS: Final = 30
"""Width of a bar that is text."""


@dataclass
class Conversion:
    """The instances of the update that is under way. All 0: there is none, or it has not begun with them."""

    title: str = ""
    total: int = 0
    left: int = 0
    marked: int = 0

    @property
    def converted(self) -> int:
        """Instances that are where the update is going: forward, or back."""
        return self.total - self.left - self.marked

    @property
    def detail(self) -> str:
        """The counts in words."""
        return f"{self.converted:,} converted, {self.marked:,} marked, {self.left:,} left"

    def __str__(self) -> str:
        if not self.total:
            return ""
        done = _CELLS * self.converted // self.total
        return f"{self.title} {'━' * done}{'─' * (_CELLS - done)} {self.detail}"

    def follow(self, record: UpdateRecord) -> None:
        """Takes in what the guest has told of an update."""
        verb = _UNDER_WAY.get(record.state)
        title = f"{verb} {record.name}"
        if verb is None or title != self.title:
            self.title, self.total = title, 0
        self.left, self.marked = record.unconverted - record.marked, record.marked
        # Instances are born and destroyed meanwhile, so the first count is not the last word.
        self.total = max(self.total, record.unconverted) if verb is not None else 0


class ConversionBar:
    """The bar on stderr, gone when the update is done. To be used in a ``with``."""

    def __init__(self) -> None:
        self._conversion = Conversion()
        self._shown = on_terminal()
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hide()

    def __call__(self, record: UpdateRecord) -> None:
        """The state or the progress of an update has changed."""
        if not self._shown:
            return
        conversion = self._conversion
        conversion.follow(record)
        if not conversion.total:
            self._hide()
            return
        if self._bar is None:
            self._bar = _bar()
            self._task = self._bar.add_task(conversion.title, total=conversion.total, detail="")
            self._bar.start()
        assert self._task is not None
        self._bar.update(
            self._task,
            description=conversion.title,
            total=conversion.total,
            completed=conversion.converted,
            detail=conversion.detail,
        )

    def _hide(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def _bar() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[detail]}"),
        console=Console(stderr=True),
        transient=True,
        # What the guest writes goes where it always goes.
        redirect_stdout=False,
        redirect_stderr=False,
    )
