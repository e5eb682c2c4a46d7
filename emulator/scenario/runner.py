"""Runs a scenario from its first step to its last, or to the first that fails."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Final

from emulator.errors import EvergreenError, GuestError, UsageError
from emulator.scenario.perform import resolve_policy
from emulator.scenario.result import RunResult, StepResult
from emulator.scenario.scenario import ReportSettings, Scenario
from emulator.scenario.session import Session
from emulator.scenario.shipped import find_update, modules_of
from emulator.scenario.steps import (
    Apply,
    Boot,
    CheckDisk,
    Drain,
    Look,
    PowerOff,
    Restore,
    Schedule,
    Start,
    Step,
    Stop,
    Wait,
)

if TYPE_CHECKING:
    from emulator.devices.disk import DiskConfig
    from emulator.monitor import UpdateRecord
    from emulator.system import Machine
    from emulator.system_config import SystemConfig
    from toolchain.kernel import KernelImage

_IN_CONTROL: Final = (Boot, Restore, Start, Stop, Wait, Schedule, Drain, Look, PowerOff, CheckDisk)
"""Steps that a control run performs too; in place of the others it lets the same time pass."""


@dataclass(frozen=True)
class Observer:
    """Who watches a run."""

    on_output: Callable[[str], None] | None = None
    """Console text as it comes."""
    on_step: Callable[[StepResult], None] | None = None
    """Each step as it ends."""
    on_update: Callable[[UpdateRecord], None] | None = None
    """The state or the progress of an update."""
    on_control: Callable[[], None] | None = None
    """The control run begins."""
    around: Callable[[Machine], AbstractContextManager[object]] = nullcontext
    """Entered with the machine before its first step, left after the last; not for the control run."""


def run_scenario(
    scenario: Scenario, *, kernel: KernelImage | None = None, observer: Observer | None = None
) -> RunResult:
    """Builds the machine, performs the steps, and reports. ``kernel``: another than the installed one.

    What fails in the guest or is not as expected, and a module that the host refuses, end the run and are in
    the result. Raises UsageError, BuildError or EngineError when no machine can be made.
    """
    observer = observer or Observer()
    result = _run(scenario, kernel, observer)
    if scenario.report.control and result.exit_code == 0:
        if observer.on_control is not None:
            observer.on_control()
        result = replace(result, control=_run(control_of(scenario, result.steps), kernel, Observer()))
    return result


def system_config(scenario: Scenario, kernel: KernelImage | None = None) -> SystemConfig:
    """The machine that a scenario asks for. Raises UsageError."""
    from emulator.checkpoint import Checkpoint
    from emulator.system_config import SystemConfig

    path = None if kernel is None else kernel.path
    if scenario.restored is not None:
        checkpoint = Checkpoint.read(scenario.restored)
        config = checkpoint.config(kernel=path, disk_image=_disk(scenario).path)
        return (
            config
            if scenario.workload.seed is None
            else replace(config, workload_seed=scenario.workload.seed)
        )
    settings = scenario.machine
    return SystemConfig(
        cpus=settings.cpus,
        memory=settings.memory,
        seed=settings.seed,
        workload_seed=scenario.workload.seed,
        disk=_disk(scenario),
        quantum=settings.quantum,
        policy=resolve_policy(settings.policy, scenario.folder),
        kernel=path,
        keep_race=settings.keep_race,
    )


def _disk(scenario: Scenario) -> DiskConfig:
    from emulator.devices.disk import DiskConfig

    disk = scenario.disk
    file = None if disk.file is None else scenario.folder / disk.file
    return DiskConfig(disk.blocks, file, disk.read_only, disk.latency, seed=disk.seed)


def check_updates(scenario: Scenario, kernel: KernelImage | None = None) -> None:
    """Finds and builds the updates of all steps: what is wrong with them is known before the machine runs.

    Raises UsageError with file and line, or BuildError.
    """
    for step in scenario.steps:
        if isinstance(step, Apply):
            try:
                path = find_update(step.update, scenario.folder)
            except UsageError as error:
                raise UsageError(f"{scenario.name}:{step.line}: {error}") from None
            modules_of(path, kernel)


def control_of(scenario: Scenario, results: Sequence[StepResult]) -> Scenario:
    """The scenario without updates and swaps: the steps that remain happen at the same virtual times.

    The shipped race is fixed before load, as in every run that is not about it.
    """
    lines = {result.line: result for result in results}
    steps: list[Step] = []
    for step in scenario.steps:
        result = lines.get(step.line)
        if isinstance(step, _IN_CONTROL):
            steps.append(step)
        elif result is not None and result.duration_ns:
            steps.append(Wait(time=result.duration_ns))
    return replace(
        scenario,
        name=f"{scenario.name} (control)",
        machine=replace(scenario.machine, keep_race=False),
        report=ReportSettings(),
        steps=steps,
    )


def _run(scenario: Scenario, kernel: KernelImage | None, observer: Observer) -> RunResult:
    from emulator.system import Machine

    config = system_config(scenario, kernel)
    with Machine(config, on_output=observer.on_output) as machine, observer.around(machine):
        machine.monitor.watch_updates(observer.on_update)
        session = Session(machine, scenario.folder, config.seed_of_workload, config.keep_race, kernel)
        failure = _perform(scenario.steps, session, observer)
        session.take_last_look()
        return _result(session, failure)


@dataclass(frozen=True)
class _Failure:
    """What ended a run before its end."""

    text: str
    exit_code: int


def _perform(steps: Sequence[Step], session: Session, observer: Observer) -> _Failure | None:
    """To the end, or to the first step that fails."""
    told = 0
    for step in steps:
        exit_code = GuestError.exit_code
        try:
            session.do(step)
        except EvergreenError as refusal:
            exit_code = refusal.exit_code
            _note_refusal(step, refusal, session)
        for result in session.results[told:]:
            if observer.on_step is not None:
                observer.on_step(result)
            if not result.ok:
                return _Failure(f"{_where(result)}{result.text}", exit_code)
        told = len(session.results)
    return None


def _note_refusal(step: Step, refusal: EvergreenError, session: Session) -> None:
    now = session.machine.virtual_ns
    session.results.append(StepResult(step.do, False, now, now, str(refusal), line=step.line))


def _where(result: StepResult) -> str:
    """The step as a prefix."""
    return f"line {result.line}, {result.do}: " if result.line else f"{result.do}: "


def _result(session: Session, failure: _Failure | None) -> RunResult:
    machine = session.machine
    swaps = [swap for swap in machine.monitor.swap_records if not swap.update]
    return RunResult(
        machine=machine.report().to_dict(),
        steps=tuple(session.results),
        workload=session.workload_figures(),
        updates=[record.to_dict() for record in session.update_records()],
        swaps=[asdict(swap) for swap in swaps],
        exit_code=0 if failure is None else failure.exit_code,
        error=None if failure is None else failure.text,
    )
