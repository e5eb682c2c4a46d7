"""Applies unified diffs to a source tree, exactly: a mutant that no longer fits is an error, not a guess."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+\d+(?:,\d+)? @@")


class DiffDoesNotApply(Exception):
    """The message names the diff, the file and the line."""


@dataclass(frozen=True)
class Hunk:
    """Lines of one place in a file: what is expected there, and what comes instead."""

    line: int
    """Where it begins, from 1; another place is taken when the expected lines are found once elsewhere."""
    before: tuple[str, ...]
    after: tuple[str, ...]


def apply_diff(diff: Path, tree: Path) -> None:
    """Changes the files of ``tree`` that the diff names (``--- a/PATH``). Raises DiffDoesNotApply."""
    for name, text in changed_files(diff, tree).items():
        (tree / name).write_text(text, encoding="utf-8")


def changed_files(diff: Path, tree: Path) -> dict[str, str]:
    """What those files would be, by their paths in ``tree``; nothing is written. Raises DiffDoesNotApply."""
    found: dict[str, str] = {}
    for name, hunks in _files(diff.read_text(encoding="utf-8").splitlines()):
        lines = (found.get(name) or (tree / name).read_text(encoding="utf-8")).splitlines()
        for hunk in reversed(hunks):
            at = _place(lines, hunk)
            if at is None:
                raise DiffDoesNotApply(f"{diff.name}: {name} line {hunk.line}: the source has changed")
            lines[at : at + len(hunk.before)] = hunk.after
        found[name] = "\n".join(lines) + "\n"
    return found


def _place(lines: list[str], hunk: Hunk) -> int | None:
    size = len(hunk.before)
    places = [at for at in range(len(lines) - size + 1) if tuple(lines[at : at + size]) == hunk.before]
    return places[0] if len(places) == 1 else None


def _files(lines: list[str]) -> Iterator[tuple[str, list[Hunk]]]:
    starts = [number for number, line in enumerate(lines) if line.startswith("--- a/")]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        yield lines[start].removeprefix("--- a/"), list(_hunks(lines[start + 2 : end]))


def _hunks(lines: list[str]) -> Iterator[Hunk]:
    starts = [number for number, line in enumerate(lines) if line.startswith("@@")]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        match = _HUNK.match(lines[start])
        if match is None:
            raise DiffDoesNotApply(f"not the head of a hunk: {lines[start]}")
        body = lines[start + 1 : end]
        before = tuple(line[1:] for line in body if line[:1] in " -")
        after = tuple(line[1:] for line in body if line[:1] in " +")
        yield Hunk(int(match[1]), before, after)
