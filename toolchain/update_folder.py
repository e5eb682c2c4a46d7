"""The files with which an author starts an update: an example, or a class of the kernel, to change."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from toolchain.next_version import NextVersion, next_version
from toolchain.paths import Installation

_EXAMPLE: Final = "saturating_counter"
_COPIED: Final = (".toml", ".cpp", ".md")


def example_files(name: str, shipped: Installation) -> dict[str, str]:
    """The shipped example, which replaces one object, under another name. File names with their texts."""
    renamed = {_EXAMPLE: name, _camel(_EXAMPLE): _camel(name)}
    return {
        _replaced(path.name, renamed): _replaced(path.read_text(encoding="utf-8"), renamed)
        for path in sorted((shipped.updates / _EXAMPLE).iterdir())
        if path.suffix in _COPIED
    }


def version_files(name: str, class_name: str, shipped: Installation) -> dict[str, str]:
    """The next version of a class of the kernel, in which nothing is changed yet.

    Raises UsageError when there is no such class, or it cannot be copied.
    """
    version = next_version(class_name, shipped.kernel_sources)
    starter = f"{name}.cpp" if name != version.stem else "module.cpp"
    return {
        "README.md": _readme(name, class_name, version),
        f"{version.stem}.cpp": version.source,
        f"{version.stem}.h": version.header,
        starter: _START.format(stem=version.stem, descriptor=_descriptor(class_name, version)),
        "scenario.toml": _SCENARIO.format(name=name, class_name=class_name),
        "update.toml": _MANIFEST.format(name=name, class_name=class_name, version=version),
    }


def _descriptor(class_name: str, version: NextVersion) -> str:
    namespace = version.qualified_name.removesuffix(f"::{class_name}")
    return f"{namespace}::v{version.number}::{class_name}::descriptor"


def _readme(name: str, class_name: str, version: NextVersion) -> str:
    return f"""# {name}

Brings version {version.number} of the class `{class_name}`.

| file | what it is |
| --- | --- |
| `update.toml` | name, revision, and which class it brings from which version to which |
| `{version.stem}.h`, `{version.stem}.cpp` | the class and its root with the state transfer |
| `scenario.toml` | the job mix at eight clients; applied, reverted, applied again under that load |

Try:

    evergreen run scenario.toml
"""


_MANIFEST: Final = """name = "{name}"
revision = 1
summary = "The next version of {class_name}"

[[class]]
name = "{version.qualified_name}"
from = {version.current}
to = {version.number}
"""
_START: Final = """#include "{stem}.h"

#include "objects/update.h"

extern "C" kernel::Status module_init()
{{
    return objects::update_class({descriptor});
}}
"""
_SCENARIO: Final = """# {class_name} is replaced under the job mix, put back, and replaced again.

[machine]
cpus = 2
seed = 1

[[step]]
do = "boot"

[[step]]
do = "start"
workload = "job-mix"
clients = 8

[[step]]
do = "wait"
time = "2ms"

[[step]]
do = "apply"
update = "."

[[step]]
do = "wait"
time = "2ms"

[[step]]
do = "revert"
update = "{name}"

[[step]]
do = "wait"
time = "1ms"

[[step]]
do = "apply"
update = "."

[[step]]
do = "wait"
time = "1ms"

[[step]]
do = "stop"
workload = "job-mix"

[[step]]
do = "expect"
figure = "workload.errors"
is = 0

[[step]]
do = "power-off"

[[step]]
do = "check-disk"
"""


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def _replaced(text: str, names: dict[str, str]) -> str:
    for old, new in names.items():
        text = text.replace(old, new)
    return text


def write_folder(folder: Path, files: dict[str, str]) -> None:
    """Makes the folder, which must not exist. Raises OSError."""
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
