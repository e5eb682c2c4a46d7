"""When an update did what, from the log of a run and the guest's events; times in ns from the run's start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from emulator.abi.mailbox import EventKind
from emulator.abi.values import text
from emulator.bench.code_points import returns_of
from emulator.bench.spans import durations, spans
from emulator.bench.waits import wait_points
from emulator.errors import GuestError
from emulator.system import Machine

if TYPE_CHECKING:
    from emulator.bench.point_log import PointRecord
    from emulator.devices.mailbox import GuestEvent
    from emulator.monitor import UpdateRecord

_HEARTBEAT: Final = "kernel::OuterLoop::pass"
"""Called between two jobs of a workload's client."""
_SPANS: Final = {
    "factory": "objects::Transition::swap_factory",
    "marking": "objects::mark_home",
}
_STATE: Final = 3
"""Where an update's state is among the values of an event that tells of it."""
_FORWARDING: Final = "objects_forward"
"""Which every call passes that an adaptor only hands on."""
NULL_ADAPTOR_INSTRUCTIONS: Final = 18
"""That such a call takes more than one without; ``adaptor.null_one_costs_18_instructions`` counts them."""
_CONVERTED: Final = "objects::LazyStep::commit"


@dataclass(frozen=True)
class Instances:
    """How the instances of a class came to be marked."""

    factory_began_ns: int
    factory_ns: int
    """The new factory is in service, and makes what is new."""
    marked_ns: int
    """The last instance is marked."""
    marking: int
    """Instructions of marking, all CPUs together, with flushes and without waits."""


@dataclass(frozen=True)
class Transition:
    """One update, of one module."""

    asked_ns: int
    active_ns: int
    """The guest has told that it is in service."""
    ended_ns: int
    """The last object has been converted or swapped."""
    converted: int
    """Instances that were converted, by calls and by converters."""
    conversions: Sequence[int]
    """Virtual ns of each that needed no hot-swap, from its begin to its commit, waits included."""
    instances: Instances | None
    """None where no class was changed."""


def state_told(event: GuestEvent) -> str | None:
    """The state of an update, where the event tells of one."""
    return text(event.values[_STATE]) if event.kind is EventKind.UPDATE_STATE else None


def points(machine: Machine) -> dict[str, int | Sequence[int]]:
    """What a log must have to be read here, and by ``read_waits``; ``pass``: a job ends."""
    found: dict[str, int | Sequence[int]] = {
        "pass": machine.symbols.entry(_HEARTBEAT),
        **wait_points(machine),
    }
    for name, function in _SPANS.items():
        found[name] = machine.symbols.entry(function)
        found[f"{name} ended"] = returns_of(machine, function)
    found["forwarded"] = machine.symbols.entry(_FORWARDING)
    found["conversion"] = machine.symbols.entry("objects::LazyStep::run")
    found["converted"] = returns_of(machine, _CONVERTED)
    return found


def read_transition(
    records: Sequence[PointRecord], events: Sequence[GuestEvent], update: UpdateRecord, asked: int, start: int
) -> Transition:
    """Of an update that was asked for at ``asked``, in a run from ``start`` on.

    ``records`` are those until the next one was asked for. Raises GuestError when it is not in service.
    """
    if not update.active:
        raise GuestError(f"update {update.name} is {update.state}: {update.text}")
    swaps = [swap for swap in update.swaps if swap.completed]
    commits = [phase.end_ns for swap in swaps for phase in swap.phases if phase.name == "transfer"]
    converted = _times(records, "converted")
    swapped = sum(swap.old_class == swap.new_class != "Factory" for swap in swaps)
    return Transition(
        asked_ns=asked - start,
        active_ns=_came_into_service(events, update.id) - start,
        ended_ns=max([*commits, *converted]) - start,
        converted=len(converted) + swapped,
        conversions=durations(records, "conversion", "converted"),
        instances=_instances(records, start),
    )


def _came_into_service(events: Sequence[GuestEvent], update: int) -> int:
    """It tells so first when it does, and may again when instances have been converted."""
    return next(each.time for each in events if state_told(each) == "active" and each.values[0] == update)


def _instances(records: Sequence[PointRecord], start: int) -> Instances | None:
    marking = spans(records, "marking", "marking ended")
    if not marking:
        return None
    return Instances(
        min(_times(records, "factory")) - start,
        max(_times(records, "factory ended")) - start,
        max(_times(records, "marking ended")) - start,
        sum(end.instructions - begin.instructions for begin, end in marking),
    )


def _times(records: Sequence[PointRecord], name: str) -> list[int]:
    return [each.time_ns for each in records if each.name == name]
