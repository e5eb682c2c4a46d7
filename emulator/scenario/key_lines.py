"""Where the keys of a TOML document stand: the standard library's reader keeps values, but no lines.

Only for text that the reader has accepted: the scan relies on it being well formed.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import Final, TypeAlias

KeyPath: TypeAlias = tuple["str | int", ...]
"""Names from the root; the index of a table within an array of tables follows the array's name."""

_BLANK: Final = re.compile(r"[ \t\r\n]*(?:#[^\n]*[ \t\r\n]*)*")
_SPACE: Final = re.compile(r"[ \t]*")
_BASIC: Final = r'"(?:[^"\\]|\\.)*"'
_LITERAL: Final = r"'[^']*'"
_KEY: Final = re.compile(rf"[A-Za-z0-9_-]+|{_BASIC}|{_LITERAL}")
_LONG_STRING: Final = re.compile(r'"""(?:[^\\]|\\.)*?"{3,5}|' + r"'''.*?'{3,5}", re.DOTALL)
_STRING: Final = re.compile(rf"{_BASIC}|{_LITERAL}")


def key_lines(text: str) -> Mapping[KeyPath, int]:
    """The line, from 1, of each table's header and of each key outside inline tables."""
    return _Scan(text).lines


class _Scan:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._tables: dict[KeyPath, int] = {}
        """How many tables each array of tables has up to here."""
        self.lines: dict[KeyPath, int] = {}
        table: KeyPath = ()
        self._skip(_BLANK)
        while self._at < len(text):
            if text[self._at] == "[":
                table = self._header()
            else:
                self._assignment(table)
            self._skip(_BLANK)

    def _header(self) -> KeyPath:
        start = self._at
        of_array = self._text.startswith("[[", start)
        self._at += 2 if of_array else 1
        *parents, last = self._key()
        path = (*self._resolve(tuple(parents)), last)
        if of_array:
            index = self._tables.get(path, 0)
            self._tables[path] = index + 1
            path = (*path, index)
        self._note(path, start)
        self._at += 2 if of_array else 1
        return path

    def _assignment(self, table: KeyPath) -> None:
        start = self._at
        path = table
        for part in self._key():
            path = (*path, part)
            self._note(path, start)
        self._at += 1  # the equals sign
        self._skip_value()

    def _key(self) -> list[str]:
        parts = []
        while True:
            self._skip(_SPACE)
            word = self._take(_KEY)
            parts.append(_unquoted(word))
            self._skip(_SPACE)
            if not self._text.startswith(".", self._at):
                return parts
            self._at += 1

    def _skip_value(self) -> None:
        """To the end of the value; brackets of arrays and inline tables span lines."""
        depth = 0
        while self._at < len(self._text):
            character = self._text[self._at]
            if character in "\"'":
                self._take(_LONG_STRING if self._text.startswith(character * 3, self._at) else _STRING)
                continue
            if character == "#":
                self._at = self._end_of_line()
                continue
            if character == "\n" and not depth:
                return
            depth += (character in "[{") - (character in "]}")
            self._at += 1

    def _resolve(self, path: KeyPath) -> KeyPath:
        """A header's path goes through the latest table of each array."""
        resolved: KeyPath = ()
        for part in path:
            resolved = (*resolved, part)
            if resolved in self._tables:
                resolved = (*resolved, self._tables[resolved] - 1)
        return resolved

    def _note(self, path: KeyPath, position: int) -> None:
        self.lines.setdefault(path, self._text.count("\n", 0, position) + 1)

    def _end_of_line(self) -> int:
        end = self._text.find("\n", self._at)
        return len(self._text) if end < 0 else end

    def _skip(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self._text, self._at)
        assert found is not None, "matches the empty string too"
        self._at = found.end()

    def _take(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        assert found is not None, "the document was accepted by the reader"
        self._at = found.end()
        return found.group()


def _unquoted(word: str) -> str:
    return str(tomllib.loads(f"key = {word}")["key"]) if word[0] in "\"'" else word
