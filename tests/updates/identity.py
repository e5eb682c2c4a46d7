"""A class of the kernel as its own next version: only the version changes, and where wanted the layout.

The module is made from the class' own sources, and those of the classes that it inherits from, so that it
cannot fall behind them. With a shifted layout
every field lies elsewhere than before: code that reached into an instance of its class other than by
reference would read the padding.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.system.machines import written_module
from toolchain.paths import installation

NAMESPACE: Final = "namespace services {"
_REGISTRATION: Final = re.compile(r"^static const objects::ClassRegistration .*;\n", re.MULTILINE)
_FACTORY_CLASS: Final = re.compile(r"(factory_class<[^>]*>\(\s*\"(\w+)\",\s*\"\w+\",\s*)1\)")
_FIELD: Final = re.compile(
    r"^(?P<indent> +)(?:const )?[A-Za-z_][\w:<>, ]*[\w>*&][ *&]+m_\w+(?:\[\w+\])?(?: = .*|\{.*\})?;$"
)
_OPENING: Final = re.compile(r"^class \w+ (?:final )?: .*\{\npublic:\n", re.MULTILINE)
_BASE: Final = re.compile(r"^class \w+ (?:final )?: public (\w+) \{$", re.MULTILINE)
_INCLUDE: Final = re.compile(r"^#include \"(services/[\w/]+\.h)\"$", re.MULTILINE)


class NotAnIdentity(Exception):
    """The sources are not as this module takes them to be; the message says where."""


@dataclass(frozen=True)
class Identity:
    """One class with a factory, in version 1 in the kernel."""

    name: str
    file: str
    """Its source without the ending, below ``guest_kernel``; its header lies beside it."""

    @property
    def module_name(self) -> str:
        """That of the update."""
        return f"identity_{Path(self.file).name}"

    def source(self, *, shifted: bool, options: str = "") -> str:
        """The module's source. Raises NotAnIdentity."""
        headers = _with_bases(f"{self.file}.h")
        text = "".join(_text(part) for header in headers for part in (header, header.replace(".h", ".cpp")))
        text = text.replace("#pragma once\n", "")
        for header in headers:
            text = text.replace(f'#include "{header}"\n', "")
        if text.count(NAMESPACE) != 2 * len(headers):
            raise NotAnIdentity(f"{self.file}: not one {NAMESPACE} in each of its files")
        if "init_functions" in text:
            raise NotAnIdentity(f"{self.file}: its files also start something at boot")
        text = _REGISTRATION.sub("", text.replace(NAMESPACE, "namespace services::v2 {"))
        described = [name for _, name in _FACTORY_CLASS.findall(text)]
        if described.count(self.name) != 1:
            raise NotAnIdentity(f"{self.file}: not one description of {self.name} in version 1")
        text = _FACTORY_CLASS.sub(r"\g<1>2)", text)
        if shifted:
            text = shift(text)
        given = f", {{{options}}}" if options else ""
        return (
            f'#include "objects/update.h"\n{text}\nextern "C" kernel::Status module_init()\n{{\n'
            f"    return objects::update_class(services::v2::{self.name}::descriptor{given});\n}}\n"
        )

    def build(self, *, shifted: bool, options: str = "") -> bytes:
        """The module's file."""
        classes = ((f"services::{self.name}", 1, 2),)
        return written_module(self.module_name, self.source(shifted=shifted, options=options), classes)


def _text(name: str) -> str:
    return (Path(installation().kernel_sources) / name).read_text(encoding="utf-8")


def _with_bases(header: str) -> list[str]:
    """The header of a class behind those of the classes that it inherits from, which have fields too."""
    text = _text(header)
    near = [name for name in _INCLUDE.findall(text) if Path(name).parent == Path(header).parent]
    found = []
    for base in _BASE.findall(text):
        declaring = [name for name in near if re.search(rf"^class {base} ", _text(name), re.MULTILINE)]
        found += [each for name in declaring for each in _with_bases(name)]
    return [*found, header]


def identities() -> list[Identity]:
    """One for each class with a factory that a source of the kernel's services describes, by name."""
    root = Path(installation().kernel_sources)
    found = [
        Identity(name, str(source.relative_to(root).with_suffix("")))
        for source in root.glob("services/**/*.cpp")
        for _, name in _FACTORY_CLASS.findall(source.read_text(encoding="utf-8"))
    ]
    return sorted(found, key=lambda each: each.name)


def shift(text: str) -> str:
    """Puts padding of another size before each field, or where there is none, into the class."""
    lines: list[str] = []
    fields = 0
    for line in text.splitlines():
        if field := _FIELD.match(line):
            fields += 1
            padding = f"[[maybe_unused]] uint64_t m_shifted_{fields}[{2 * fields + 1}] = {{}};"
            lines.append(f"{field['indent']}{padding}")
        lines.append(line)
    if fields == 0:
        padding = "    [[maybe_unused]] uint64_t m_shifted[3] = {};"
        return _OPENING.sub(lambda opening: f"{opening[0]}{padding}\n", text, count=1)
    return "\n".join(lines) + "\n"
