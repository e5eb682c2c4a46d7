"""From tables of a TOML document to dataclasses, strictly: what is not known is refused with its line."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any, Final, TypeVar

from emulator.errors import UsageError
from emulator.scenario.key_lines import KeyPath, key_lines
from emulator.scenario.values import ValueType

T = TypeVar("T")

_TYPE: Final = "type"
_KEY: Final = "key"


def key(kind: ValueType, *, name: str = "", default: Any = MISSING) -> Any:  # noqa: ANN401 (as dataclasses.field)
    """A dataclass field that a key of a table fills; without a default the key must be there."""
    return field(default=default, metadata={_TYPE: kind, _KEY: name})


def key_name(item: Field[Any]) -> str:
    """As the table spells it."""
    return str(item.metadata[_KEY] or item.name.replace("_", "-"))


def key_type(item: Field[Any]) -> ValueType:
    """What values the key has."""
    kind = item.metadata[_TYPE]
    assert isinstance(kind, ValueType)
    return kind


def keys_of(kind: type[Any]) -> Mapping[str, Field[Any]]:
    """The fields of a dataclass that stand for keys, by their names in a table."""
    return {key_name(item): item for item in fields(kind) if _TYPE in item.metadata}


@dataclass(frozen=True)
class Table:
    """One table of a document, which knows where it stands."""

    file: str
    path: KeyPath
    values: Mapping[str, object]
    lines: Mapping[KeyPath, int]

    @property
    def line(self) -> int:
        """From 1."""
        return self.lines.get(self.path, 1)

    def refusal(self, what: str, name: str | None = None) -> UsageError:
        """An error that names file and line, of a key if it is there, else of the table."""
        path = self.path if name is None else (*self.path, name)
        line = self.lines.get(path, self.line)
        return UsageError(f"{self.file}:{line}: {what}")

    def table(self, name: str) -> Table:
        """The table of that name; an empty one when there is none."""
        values = self.values.get(name, {})
        if not isinstance(values, Mapping):
            raise self.refusal(f"{name} must be a table: [{name}]", name)
        return Table(self.file, (*self.path, name), values, self.lines)

    def tables(self, name: str) -> Sequence[Table]:
        """The tables of an array of that name."""
        values = self.values.get(name, [])
        if not isinstance(values, list) or not all(isinstance(each, Mapping) for each in values):
            raise self.refusal(f"{name} must be tables: [[{name}]]", name)
        return [
            Table(self.file, (*self.path, name, index), each, self.lines) for index, each in enumerate(values)
        ]

    def only(self, known: Iterable[str], where: str) -> None:
        """Raises UsageError for a key that is not among the known ones."""
        names = list(known)
        for name in self.values:
            if name not in names:
                raise self.refusal(f'unknown key "{name}" {where}; known: {", ".join(names)}', name)

    def read(self, kind: type[T], where: str, besides: Sequence[str] = ()) -> T:
        """The dataclass that this table describes; ``besides`` are keys that its reader takes itself."""
        keys = keys_of(kind)
        self.only([*besides, *keys], where)
        values = {item.name: self._value(name, item) for name, item in keys.items() if name in self.values}
        for name, item in keys.items():
            if item.name not in values and item.default is MISSING:
                raise self.refusal(f'key "{name}" is missing {where}: {key_type(item).allowed}')
        return kind(**values)

    def _value(self, name: str, item: Field[Any]) -> object:
        kind, value = key_type(item), self.values[name]
        try:
            return kind.read(value)
        except ValueError:
            raise self.refusal(f"{name} = {_shown(value)}: {kind.allowed} expected", name) from None


def read_document(text: str, file: str) -> Table:
    """The root table. Raises UsageError with file and line for what is no TOML."""
    try:
        values = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        message, line = _placed(str(error), text)
        raise UsageError(f"{file}:{line}: {message}") from None
    return Table(file, (), values, key_lines(text))


def _placed(message: str, text: str) -> tuple[str, int]:
    """The reader's message without its place, and the line of that place."""
    found = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)$", message)
    if found is None:
        return message, 1
    return message[: found.start()], int(found[1] or len(text.splitlines()))


def _shown(value: object) -> str:
    """The value as the file has it, cut to a line."""
    shown = json.dumps(value, ensure_ascii=False, default=str)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."
