"""Which steps there are, by their ``do`` words, and steps as the ``[[step]]`` tables of a file."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from emulator.scenario import steps
from emulator.scenario.steps import Step
from emulator.scenario.tables import Table, key_type, keys_of

STEPS: Final[Mapping[str, type[Step]]] = {
    kind.do: kind
    for kind in (
        steps.Boot,
        steps.Start,
        steps.Stop,
        steps.Wait,
        steps.Apply,
        steps.Cancel,
        steps.Revert,
        steps.Unload,
        steps.Swap,
        steps.Create,
        steps.Destroy,
        steps.DefaultFactory,
        steps.Watch,
        steps.Unwatch,
        steps.Adapt,
        steps.Unadapt,
        steps.Look,
        steps.Hold,
        steps.Release,
        steps.Schedule,
        steps.Advance,
        steps.Assemble,
        steps.ExpectConsole,
        steps.Expect,
        steps.Drain,
        steps.Save,
        steps.Restore,
        steps.PowerOff,
        steps.Trace,
        steps.Command,
        steps.Test,
        steps.CheckDisk,
    )
}


def read_step(table: Table) -> Step:
    """The step that a ``[[step]]`` table describes. Raises UsageError with the line."""
    word = table.values.get("do")
    if word is None:
        raise table.refusal(f'key "do" is missing; one of {", ".join(STEPS)}')
    kind = STEPS.get(word) if isinstance(word, str) else None
    if kind is None:
        raise table.refusal(f'do = "{word}": known are {", ".join(STEPS)}', "do")
    step = table.read(kind, f'of a "{kind.do}" step', besides=("do",))
    step = replace(step, line=table.line)
    wrong = step.refusal()
    if wrong is not None:
        raise table.refusal(wrong)
    return step


def check_values(step: Step) -> str | None:
    """What is wrong with a step that was not read from a file; None when a file could say the same."""
    for name, item in keys_of(type(step)).items():
        value, kind = getattr(step, item.name), key_type(item)
        if value == item.default:
            continue
        try:
            kind.read(tomllib.loads(f"key = {kind.write(value)}")["key"])
        except ValueError:
            return f"{name} = {value}: {kind.allowed} expected"
    return step.refusal()


def write_step(step: Step) -> str:
    """TOML that reads as this step."""
    return "\n".join(["[[step]]", f'do = "{step.do}"', *_written(step)]) + "\n"


def _written(step: Step) -> Iterator[str]:
    for name, item in keys_of(type(step)).items():
        value = getattr(step, item.name)
        if value != item.default:
            yield f"{name} = {key_type(item).write(value)}"
