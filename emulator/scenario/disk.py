"""The step that looks at the file system on the disk."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from emulator.errors import GuestError
from emulator.filesystem import Image, Tree, check
from emulator.scenario.session import Outcome

if TYPE_CHECKING:
    from emulator.devices.medium import Medium
    from emulator.scenario.steps import CheckDisk


def look_at_disk(step: CheckDisk, medium: Medium) -> Outcome:
    """What is durable. Raises GuestError for damage, and for what is not as expected."""
    report = check(medium.read_durable)
    if report.problems:
        more = f" (and {len(report.problems) - 1} more)" if len(report.problems) > 1 else ""
        raise GuestError(f"the file system is damaged: {report.problems[0]}{more}")
    if step.files is not None and report.files != step.files:
        raise GuestError(f"{report.files} files, not {step.files}")
    if step.path is not None:
        _look_at_file(step, step.path, Tree(Image(medium.read_durable)))
    figures = asdict(report)
    del figures["problems"]
    return Outcome(f"clean: {report.files} files, {report.directories} directories", figures)


def _look_at_file(step: CheckDisk, path: str, tree: Tree) -> None:
    try:
        contents = tree.read(path)
    except KeyError:
        raise GuestError(f"{path} is not there") from None
    if step.bytes is not None and len(contents) != step.bytes:
        raise GuestError(f"{path} has {len(contents)} bytes, not {step.bytes}")
    if step.begins is not None and not contents.startswith(step.begins.encode()):
        raise GuestError(f"{path} does not begin with {step.begins!r}")
