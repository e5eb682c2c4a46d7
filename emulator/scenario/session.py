"""A machine on which steps are performed: by a scenario's runner, or as someone types them at the prompt."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulator.errors import EvergreenError, GuestError, ModuleError
from emulator.machine import StopReason, Until
from emulator.scenario.result import Json, StepResult
from emulator.scenario.shipped import RACE_UPDATE, find_update, modules_of, modules_that_provide
from emulator.scenario.steps import Apply, Start, Step

if TYPE_CHECKING:
    from emulator.monitor import UpdateRecord
    from emulator.monitor.replies import WorkloadStatus
    from emulator.system import Machine
    from toolchain.kernel import KernelImage

_ENDS = frozenset((StopReason.HALTED, StopReason.PANIC, StopReason.ENGINE_FAULT))


@dataclass(frozen=True)
class Outcome:
    """What a step has to say once it has succeeded."""

    text: str = ""
    values: Mapping[str, Json] = field(default_factory=dict)


@dataclass
class Session:
    """The state that steps share. Steps are performed by :func:`emulator.scenario.perform.perform`."""

    machine: Machine
    folder: Path = field(default_factory=Path)
    """What paths are relative to."""
    workload_seed: int = 0
    keep_race: bool = False
    kernel: KernelImage | None = None
    """What modules are built for; None: the installed kernel."""
    results: list[StepResult] = field(default_factory=list)
    rejected: list[UpdateRecord] = field(default_factory=list)
    """Updates that the host refused: the guest does not know of them."""

    def __post_init__(self) -> None:
        if self.machine.monitor.demands.provider is None:
            self.machine.monitor.demands.provider = self._provided

    def _provided(self, interface: str) -> list[bytes]:
        return modules_that_provide(interface, self.folder, self.kernel)

    def do(self, step: Step) -> StepResult:
        """Performs a step; one that fails has a result that is not ok.

        Raises UsageError, ModuleError and the like for what the host refuses; then nothing was done.
        """
        self.run_to(step)
        if isinstance(step, Start):
            self.fix_race()
        return self._do(step)

    def run_to(self, step: Step) -> None:
        """Lets the machine run until the step is due. Raises GuestError when the run is not what it was."""
        if step.at is not None and self.machine.virtual_ns < step.at:
            self.run_until(step.at)
        counts = tuple(cpu.instructions for cpu in self.machine.cpus)
        if step.counts is not None and step.counts != counts:
            executed = f"the CPUs executed {list(counts)}, not {list(step.counts)}"
            raise GuestError(f"the run has diverged (another kernel?): {executed}")

    def run_until(self, time_ns: int) -> bool:
        """Lets the machine run to a machine time; False when nothing will ever happen in it again.

        Raises GuestError when it ends before.
        """
        stop = self.machine.run(Until(deadline_ns=time_ns))
        if stop.reason in _ENDS:
            raise GuestError(f"the machine ended: {self.describe_end()}")
        return stop.reason is not StopReason.IDLE

    def describe_end(self) -> str:
        """Why the machine does not go on, in a line."""
        panic, stop = self.machine.panic, self.machine.last_stop
        if panic is not None:
            return f"panic: {panic.message}"
        if stop is None:
            return "never started"
        return f"{stop.reason.value}: {stop.message}" if stop.message else stop.reason.value

    @property
    def ended(self) -> bool:
        """The guest cannot be asked any more."""
        stop = self.machine.last_stop
        return self.machine.panic is not None or (stop is not None and stop.reason in _ENDS)

    def fix_race(self) -> None:
        """Before the first load: applies the fix of the shipped race, unless the run is about that."""
        applied = any(record.name == RACE_UPDATE for record in self.machine.monitor.update_records)
        if self.keep_race or applied:
            return
        result = self._do(Apply(update=RACE_UPDATE))
        if not result.ok:
            raise GuestError(f"{RACE_UPDATE}, which every load needs first: {result.text}")

    def modules(self, update: str) -> list[Path]:
        """The modules of an update by name or path. Raises UsageError or BuildError."""
        return modules_of(find_update(update, self.folder), self.kernel)

    def look_at(self, workload: str) -> WorkloadStatus:
        """Asks the guest for a workload's figures, which the monitor keeps."""
        return self.machine.monitor.workload_status(workload)

    def wait_until_ended(self, workload: str, limit_ns: int) -> WorkloadStatus:
        """Until the clients have ended and their work has been verified. Raises GuestError at the limit."""
        return self.machine.monitor.workload_wait(workload, limit_ns=limit_ns)

    def look_at_all(self) -> None:
        """Asks for those that may have changed; what cannot be asked any more stays as it was last seen."""
        for name, status in list(self.machine.monitor.workloads_seen.items()):
            if status.running and not self.ended:
                self.look_at(name)

    def take_last_look(self) -> None:
        """As look_at_all at the end of a run, of which a guest that does not answer is part."""
        with contextlib.suppress(GuestError):
            self.look_at_all()

    def update_records(self) -> list[UpdateRecord]:
        """In the order in which they were applied, then those that were rejected."""
        return [*self.machine.monitor.update_records, *self.rejected]

    def note_rejected(self, update: str, refusal: ModuleError) -> None:
        """The host refused a module of an update."""
        from emulator.monitor import UpdateRecord

        name = find_update(update, self.folder).stem
        self.rejected.append(UpdateRecord(name, state="rejected", text=str(refusal)))

    def workload_figures(self) -> dict[str, Any]:
        """Operations and errors of all workloads together, and each with its own."""
        each = list(self.machine.monitor.workloads_seen.values())
        return {
            "operations": sum(status.operations for status in each),
            "errors": sum(status.errors for status in each),
            "longest_gap_ns": [max(gaps) for gaps in zip(*(s.longest_gap_ns for s in each), strict=True)],
            "seed": self.workload_seed,
            "parts": [status.to_dict() for status in each],
        }

    def _do(self, step: Step) -> StepResult:
        from emulator.scenario.perform import perform  # which knows this module

        start = self.machine.virtual_ns
        try:
            outcome, ok = perform(step, self), step.fails is None
            if not ok:
                outcome = Outcome(f"expected was a failure: {step.fails}; but: {outcome.text}")
        except (GuestError, ModuleError) as failure:
            if step.fails is None and isinstance(failure, ModuleError):
                raise
            outcome, ok = self._failed(step, failure)
        result = StepResult(
            step.do, ok, start, self.machine.virtual_ns, outcome.text, outcome.values, step.line
        )
        self.results.append(result)
        return result

    def _failed(self, step: Step, failure: EvergreenError) -> tuple[Outcome, bool]:
        """The outcome of a failure, and whether it is the one that was expected."""
        message, panic = str(failure), self.machine.panic
        if panic is not None and panic.message not in message:
            message = f"{message}: {panic.message}"
        if step.fails is None:
            return Outcome(message), False
        if re.search(step.fails, message) is None:
            return Outcome(f"failed otherwise than expected ({step.fails}): {message}"), False
        return Outcome(f"failed as expected: {message}"), True
