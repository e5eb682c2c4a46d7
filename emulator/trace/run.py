"""Runs a scenario and writes its timeline."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING

from emulator.errors import UsageError
from emulator.scenario.runner import Observer, run_scenario
from emulator.trace.recorder import Recorder
from emulator.trace.timeline import Timeline

if TYPE_CHECKING:
    from emulator.scenario.result import RunResult, StepResult
    from emulator.scenario.scenario import Scenario
    from emulator.system import Machine
    from toolchain.kernel import KernelImage


@dataclass(frozen=True)
class Trace:
    """A timeline that was written."""

    path: Path
    events: int
    bytes: int
    result: RunResult
    """Of the run, which is the one that nobody traced."""


def trace_scenario(
    scenario: Scenario, path: Path, *, kernel: KernelImage | None = None, observer: Observer | None = None
) -> Trace:
    """Runs a scenario, without a control run, and writes its timeline to a file, whole or not at all.

    A run that fails in the guest has its timeline up to there. Raises UsageError when the file cannot be
    written, and what ``run_scenario`` raises.
    """
    observer = observer or Observer()
    with _written_whole(path) as file:
        writer = _Writer(path, file)
        timeline = Timeline(writer.write)
        tracing = _Tracing(timeline, observer)
        result = run_scenario(scenario.with_control(False), kernel=kernel, observer=tracing.observer())
        writer.flush()
        size = file.tell()
    return Trace(path, timeline.events, size, result)


class _Tracing:
    """Puts a recorder between a run and who watches it."""

    def __init__(self, timeline: Timeline, watched_by: Observer) -> None:
        self._timeline = timeline
        self._watched_by = watched_by
        self._recorder: Recorder | None = None

    def observer(self) -> Observer:
        return replace(self._watched_by, around=self._around, on_step=self._on_step)

    @contextmanager
    def _around(self, machine: Machine) -> Iterator[None]:
        self._recorder = Recorder(machine, self._timeline)
        with self._watched_by.around(machine), self._recorder.watching():
            yield

    def _on_step(self, result: StepResult) -> None:
        assert self._recorder is not None
        self._recorder.note_step(result)
        if self._watched_by.on_step is not None:
            self._watched_by.on_step(result)


class _Writer:
    """A file whose failures are the user's to mend."""

    def __init__(self, path: Path, file: IO[str]) -> None:
        self._path = path
        self._file = file

    def write(self, text: str) -> None:
        with _refused(self._path):
            self._file.write(text)

    def flush(self) -> None:
        with _refused(self._path):
            self._file.flush()


@contextmanager
def _written_whole(path: Path) -> Iterator[IO[str]]:
    """A file beside it, which takes its place when all went well."""
    if path.exists() and not path.is_file():
        raise UsageError(f"{path}: not a file")
    beside = path.with_name(f"{path.name}.part")
    with _refused(path):
        file = beside.open("w", encoding="utf-8")
    try:
        yield file
        with _refused(path):
            file.close()
            beside.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            file.close()
        with contextlib.suppress(OSError):
            beside.unlink()
        raise


@contextmanager
def _refused(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
