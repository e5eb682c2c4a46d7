"""One run of the suite: what it was made with, what each experiment found, and which failed."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from queue import Empty, Queue
from typing import Final

from emulator.bench.experiment import Experiment, Setting, select
from emulator.bench.findings import Findings
from emulator.bench.host import Host
from emulator.errors import EvergreenError
from emulator.system import Machine

_WORKERS: Final = 2
"""Processes that measure side by side: virtual time does not mind, and memory is bounded."""
_LOOK_S: Final = 0.2
"""How often the workers' progress is looked for."""

Progress = Callable[[str, str], None]
"""Called with an experiment's name and the part that it has done."""


@dataclass(frozen=True)
class Outcome:
    """One experiment's findings, or why there are none."""

    experiment: Experiment
    findings: Findings
    error: str = ""


@dataclass(frozen=True)
class SuiteRun:
    """Everything that a report is made of."""

    setting: Setting
    outcomes: Sequence[Outcome]
    host: Host
    version: str
    """Of this package; empty where it is not installed, only on the path."""
    kernel: str
    """Build-id of the kernel that was measured, hexadecimal."""

    @property
    def failed(self) -> list[Outcome]:
        """Experiments without findings."""
        return [each for each in self.outcomes if each.error]


def run_suite(experiments: Sequence[Experiment], setting: Setting, on_part: Progress) -> SuiteRun:
    """Experiments that measure wall time run alone, after all others, which run side by side.

    An experiment that raises EvergreenError is reported as failed, the others go on. Raises BuildError.
    """
    with Machine() as machine:
        kernel = machine.build_id
    done = _run_side_by_side([each for each in experiments if not each.wants_the_host], setting, on_part)
    for each in experiments:
        if each.wants_the_host:
            done[each.name] = _run_here(each, setting, on_part)
    outcomes = [done[each.name] for each in experiments]
    return SuiteRun(setting, outcomes, Host.this(), _version(), kernel)


def _run_here(experiment: Experiment, setting: Setting, on_part: Progress) -> Outcome:
    told = replace(setting, on_part=lambda part: on_part(experiment.name, part))
    try:
        return Outcome(experiment, experiment.run(told))
    except EvergreenError as failure:
        return Outcome(experiment, Findings(), str(failure))


def _run_side_by_side(
    experiments: Sequence[Experiment], setting: Setting, on_part: Progress
) -> dict[str, Outcome]:
    if len(experiments) < _WORKERS:
        return {each.name: _run_here(each, setting, on_part) for each in experiments}
    # The engine's threads do not survive a fork.
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager, ProcessPoolExecutor(_WORKERS, context) as pool:
        parts = manager.Queue()
        waiting = {
            each.name: pool.submit(_run_in_worker, each.name, setting.quick, setting.seed, parts)
            for each in experiments
        }
        _tell(parts, list(waiting.values()), on_part)
        return {each.name: Outcome(each, *waiting[each.name].result()) for each in experiments}


def _run_in_worker(name: str, quick: bool, seed: int, parts: Queue[tuple[str, str]]) -> tuple[Findings, str]:
    from emulator.bench.suite import EXPERIMENTS

    (experiment,) = select(EXPERIMENTS, [name])
    outcome = _run_here(experiment, Setting(quick, seed), lambda *told: parts.put(told))
    return outcome.findings, outcome.error


def _tell(
    parts: Queue[tuple[str, str]], waiting: Sequence[Future[tuple[Findings, str]]], on_part: Progress
) -> None:
    """Hands progress on until all have ended."""
    while True:
        ended = all(each.done() for each in waiting)
        try:
            on_part(*parts.get(timeout=_LOOK_S))
        except Empty:
            if ended:
                return


def _version() -> str:
    try:
        return version("evergreen")
    except PackageNotFoundError:
        return ""
