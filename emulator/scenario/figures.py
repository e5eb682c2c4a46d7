"""Figures of a run by name, as ``expect`` steps compare them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from emulator.errors import GuestError
from emulator.scenario.session import Session
from emulator.scenario.steps import Expect


def _by_name(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The latest of each name."""
    return {str(row["name"]): row for row in rows}


def _workload(session: Session) -> Mapping[str, Any]:
    session.look_at_all()
    figures = session.workload_figures()
    return {**figures, **_by_name(figures["parts"])}


def _updates(session: Session) -> Mapping[str, Any]:
    return _by_name([record.to_dict() for record in session.update_records()])


def _memory(session: Session) -> Mapping[str, Any]:
    return {each.tag: each.bytes for each in session.machine.monitor.memory()}


def _paging(session: Session) -> Mapping[str, Any]:
    return session.machine.monitor.paging()


def _objects(session: Session) -> Mapping[str, Any]:
    live = session.machine.monitor.objects()
    return {each.name or each.reference: {"class": each.class_name, "state": each.state} for each in live}


def _adaptors(session: Session) -> Mapping[str, Any]:
    rows = session.machine.monitor.adaptors()
    return {"count": len(rows), **{each.reference: asdict(each) for each in rows}}


_SOURCES: Final[Mapping[str, Callable[[Session], Any]]] = {
    "workload": _workload,
    "adaptors": _adaptors,
    "updates": _updates,
    "memory": _memory,
    "objects": _objects,
    "paging": _paging,
    "virtual_ns": lambda session: session.machine.virtual_ns,
}
"""Where the rest of a figure's name is looked up, by its first word."""


def compare(step: Expect, session: Session) -> str:
    """The figure in words. Raises GuestError when it is not as expected, or not there."""
    value = _find(step.figure, session)
    shown = f"{step.figure} = {value}"
    if step.equals is not None and value != step.equals:
        raise GuestError(f"{shown}, expected {step.equals}")
    if step.at_least is not None and _number(value, shown) < step.at_least:
        raise GuestError(f"{shown}, expected at least {step.at_least}")
    if step.at_most is not None and _number(value, shown) > step.at_most:
        raise GuestError(f"{shown}, expected at most {step.at_most}")
    return shown


def _number(value: object, shown: str) -> int:
    if not isinstance(value, int):
        raise GuestError(f"{shown}, which is no number")
    return value


def _find(name: str, session: Session) -> Any:  # noqa: ANN401 (a figure is a number, a text or a table)
    first, *rest = name.split(".")
    value = _SOURCES[first](session)
    for part in rest:
        if not isinstance(value, Mapping) or part not in value:
            raise GuestError(f'no figure "{name}": there is no "{part}"')
        value = value[part]
    return value
