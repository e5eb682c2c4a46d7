"""A run of one update under the job mix: applied, taken back and applied again, with looks in between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from emulator.scenario import steps
from emulator.scenario.result import RunResult
from emulator.scenario.runner import run_scenario
from emulator.scenario.scenario import MachineSettings, Scenario
from emulator.workload import JOB_MIX
from tests.system.machines import kernel
from tests.updates.race_trace import given_out_twice

CLIENTS: Final = 8
MILLISECOND: Final = 1_000_000
LOAD_NS: Final = 4 * MILLISECOND
"""Under load before and after each change."""
IDLE_NS: Final = 50 * MILLISECOND
"""Without load: what a lazy update has left is converted."""
OTHER_SEED: Final = 1000
"""What is added to a seed with which the shipped race comes before its fix."""


@dataclass(frozen=True)
class Subject:
    """One of the five updates, and what is known of it beforehand."""

    update: str
    modules: tuple[str, ...]
    """In the order in which they are taken back."""
    classes: Mapping[str, int]
    """The classes, and the versions that the update brings."""
    modes: tuple[str, ...] = ("auto",)
    keep_race: bool = False
    in_use: str = ""
    """A workload that makes instances of a new class: while they live there is no way back."""


SUBJECTS: Final = (
    Subject("partitioned_region", ("partitioned_region",), {"RegionPartitioned": 1}, in_use="parallel-touch"),
    Subject("allocator_race", ("allocator_race",), {"PageAllocatorKernPinned": 2}, keep_race=True),
    Subject("fcm_unmap", ("fcm_unmap",), {"FCMDefault": 2}, ("eager", "lazy")),
    Subject("file_sync", ("file_sync",), {"FCMFile": 2}, ("eager", "lazy")),
    Subject(
        "page_allocator_interface",
        ("page_allocator_interface", "page_allocator_callers"),
        {"PageAllocatorKernPinned": 3, "PMRoot": 2, "KernelPagesPinned": 2},
    ),
)


def scenario(subject: Subject, mode: str, seed: int, policy: str) -> Scenario:
    """Clients go on all the time; at the end they stop, what is left is converted, and power goes off."""
    loaded = (steps.Wait(time=LOAD_NS), steps.Look(what="workload", of=JOB_MIX))
    apply = steps.Apply(update=subject.update, mode=mode)
    updates = steps.Look(what="updates")
    return Scenario(
        name=f"{subject.update} {mode}",
        machine=MachineSettings(seed=seed, policy=policy, keep_race=subject.keep_race),
        steps=(
            steps.Boot(),
            steps.Start(workload=JOB_MIX, clients=CLIENTS),
            *loaded,
            apply,
            *loaded,
            updates,
            *_reverted(subject),
            *loaded,
            updates,
            apply,
            *loaded,
            steps.Stop(workload=JOB_MIX),
            steps.Wait(time=IDLE_NS),
            updates,
            steps.Look(what="adaptors"),
            steps.Look(what="classes"),
            steps.PowerOff(),
            steps.CheckDisk(),
        ),
    )


def _reverted(subject: Subject) -> Sequence[steps.Step]:
    reverts = tuple(steps.Revert(update=name) for name in subject.modules)
    if not subject.in_use:
        return reverts
    refused = steps.Revert(update=subject.modules[0], fails="instances of the new class")
    return (
        steps.Start(workload=subject.in_use),
        steps.Wait(time=MILLISECOND),
        refused,
        steps.Stop(workload=subject.in_use),
        *reverts,
    )


def looks(result: RunResult, what: str) -> list[Sequence[Mapping[str, Any]]]:
    """The rows of each look at it, in their order."""
    found = [step.to_dict() for step in result.steps if step.do == "look"]
    return [step["rows"] for step in found if step["text"].startswith(f"{what}: ")]


def run(subject: Subject, mode: str, seed: int, policy: str) -> RunResult:
    """Of the shipped kernel. A run that meets the race which that has is made again from another seed."""
    for other in range(seed, seed + 10 * OTHER_SEED, OTHER_SEED):
        asked = scenario(subject, mode, other, policy)
        result = run_scenario(asked, kernel=kernel())
        met_race = subject.keep_race and result.error is not None and given_out_twice(asked)
        if not met_race:
            return result
    raise AssertionError("every seed meets the race")
