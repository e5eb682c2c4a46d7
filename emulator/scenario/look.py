"""What the guest says of itself, as rows of plain values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from emulator.monitor import Monitor
from emulator.scenario.session import Session

Row = Mapping[str, Any]


def _object(monitor: Monitor, reference: str) -> list[Row]:
    details = asdict(monitor.object(reference))
    return [{**{name: value for name, value in details.items() if name != "values"}, **details["values"]}]


def _counts(monitor: Monitor, reference: str) -> list[Row]:
    return [asdict(each) for each in monitor.watch_counts(reference)]


def _instances(monitor: Monitor, class_name: str) -> list[Row]:
    return [asdict(each) for each in monitor.instances(class_name)]


def _workload(monitor: Monitor, name: str) -> list[Row]:
    return [asdict(monitor.workload_status(name))]


def _backtrace(monitor: Monitor, thread: str) -> list[Row]:
    return [
        {"frame": number, "address": f"{frame.address:#x}", "place": str(frame.location)}
        for number, frame in enumerate(monitor.backtrace(int(thread)))
    ]


def _holders(monitor: Monitor, module: str) -> list[Row]:
    return [asdict(each) for each in monitor.owners.holders(int(module) if module.isdecimal() else module)]


_LISTS: Final[Mapping[str, Callable[[Monitor], Sequence[Any]]]] = {
    "cpus": Monitor.cpus,
    "threads": Monitor.threads,
    "objects": Monitor.objects,
    "classes": Monitor.classes,
    "factories": Monitor.factories,
    "adaptors": Monitor.adaptors,
    "adaptor-plans": Monitor.adaptor_plans,
    "modules": Monitor.modules,
    "updates": Monitor.updates,
    "memory": Monitor.memory,
    "stalled": Monitor.stalled,
    "owners": lambda monitor: monitor.owners.all(),
    "commands": lambda monitor: monitor.commands.all(),
    "trace-points": lambda monitor: monitor.tracing.points(),
    "trace-records": lambda monitor: monitor.tracing.read().records,
}
_DETAILS: Final[Mapping[str, Callable[[Monitor, str], list[Row]]]] = {
    "object": _object,
    "counts": _counts,
    "instances": _instances,
    "workload": _workload,
    "backtrace": _backtrace,
    "holders": _holders,
}


def look(session: Session, what: str, of: str | None = None) -> list[Row]:
    """One row for each thing that there is. Raises GuestError when the guest has no answer."""
    monitor = session.machine.monitor
    if what == "workloads":
        return [{"name": name} for name in monitor.workloads()]
    if of is None:
        return [asdict(each) for each in _LISTS[what](monitor)]
    return _DETAILS[what](monitor, of)
