"""A class of the kernel as the beginning of its own next version: its sources, made fit for a module.

They change nothing yet but the version, build as they are, and can be applied and reverted: an author
starts from there. The copy lies in a namespace of its version, beside the kernel's own and not instead of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from emulator.errors import UsageError

_DESCRIPTION: Final = re.compile(r'factory_class<[^>]*>\(\s*"(?P<name>\w+)",\s*"\w+",\s*(?P<version>\d+)\)')
_NAMESPACE: Final = re.compile(r"^namespace (?P<name>\w+) \{$", re.MULTILINE)
_VERSIONED: Final = re.compile(r"inline namespace v\d+ \{")
_OPENS: Final = re.compile(r"(inline )?namespace .*\{")
_REGISTRATION: Final = re.compile(r"^static const objects::ClassRegistration .*;\n\n?", re.MULTILINE)


@dataclass(frozen=True)
class NextVersion:
    """What an update of one class starts from."""

    qualified_name: str
    """With its namespace, as ``update.toml`` has it."""
    current: int
    """The version that the kernel has."""
    header: str
    source: str
    stem: str
    """Of the names of header and source."""

    @property
    def number(self) -> int:
        """The version that the copy is."""
        return self.current + 1


def next_version(name: str, kernel_sources: Path) -> NextVersion:
    """Of a class with a factory. Raises UsageError when there is none, or it cannot be copied."""
    versions = _classes(kernel_sources)
    if name not in versions:
        known = ", ".join(sorted(versions))
        raise UsageError(f"the kernel has no class {name} with a factory; those that have one: {known}")
    path, current = versions[name]
    header, source = (_read(each) for each in (path.with_suffix(".h"), path))
    namespace = _namespace(name, path, header, source)
    own = str(path.relative_to(kernel_sources).with_suffix(".h"))
    source = source.replace(f'#include "{own}"', f'#include "{path.stem}.h"')
    source = _REGISTRATION.sub("", _DESCRIPTION.sub(lambda found: _raised(found, name, current), source))
    return NextVersion(
        f"{namespace}::{name}",
        current,
        _in_namespace(header, namespace, current + 1),
        _in_namespace(source, namespace, current + 1),
        path.stem,
    )


def _namespace(name: str, path: Path, header: str, source: str) -> str:
    """The one of both files. Raises UsageError for files of which a copy would not be the class alone."""
    if "init_functions" in source:
        raise UsageError(f"{name}: {path.name} also starts something at boot; copy the class by hand")
    found = {each["name"] for text in (header, source) for each in _NAMESPACE.finditer(text)}
    if len(found) != 1:
        raise UsageError(f"{name}: {path.name} and its header have several namespaces; copy it by hand")
    return found.pop()


def _classes(kernel_sources: Path) -> dict[str, tuple[Path, int]]:
    """Source and version of each class with a factory; those of the tests are not shipped."""
    return {
        found["name"]: (path, int(found["version"]))
        for path in sorted((kernel_sources / "services").rglob("*.cpp"))
        if path.parent.name != "tests"
        for found in _DESCRIPTION.finditer(_read(path))
    }


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _raised(found: re.Match[str], name: str, current: int) -> str:
    text = found[0]
    return text.removesuffix(f"{current})") + f"{current + 1})" if found["name"] == name else text


def _in_namespace(text: str, namespace: str, version: int) -> str:
    """Not an inline one: the kernel's own is, and of two inline ones neither could be named."""
    text = _NAMESPACE.sub(f"namespace {namespace}::v{version} {{", text)
    return "\n".join(_without_versioned(text.splitlines())) + "\n"


def _without_versioned(lines: Sequence[str]) -> Iterator[str]:
    """Without the kernel's namespace of its version, which starts and ends with a blank line inside."""
    depth = removed = 0
    last = ""
    for line in lines:
        drop = False
        if _VERSIONED.fullmatch(line):
            removed, drop = depth + 1, True
        if _OPENS.fullmatch(line):
            depth += 1
        elif line == "}" and not last:
            drop = depth == removed
            depth -= 1
        # With a brace goes the blank line after it.
        drop = drop or (not line and not last)
        last = "" if drop else line
        if not drop:
            yield line
