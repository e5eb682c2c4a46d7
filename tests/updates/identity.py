"""A class of the kernel as its own next version: only the version changes, and where wanted the layout.

The module is made from the class' own sources, so that it cannot fall behind them. With a shifted layout
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
_FACTORY_CLASS: Final = re.compile(r"(factory_class<[^>]*>\(\s*\"\w+\",\s*\"\w+\",\s*)1\)")
_FIELD: Final = re.compile(
    r"^(?P<indent> +)(?:const )?[A-Za-z_][\w:<>, ]*[\w>*&][ *&]+m_\w+(?:\[\w+\])?(?: = .*|\{.*\})?;$"
)
_OPENING: Final = re.compile(r"^class \w+ final : .*\{\npublic:\n", re.MULTILINE)


class NotAnIdentity(Exception):
    """The sources are not as this module takes them to be; the message says where."""


@dataclass(frozen=True)
class Identity:
    """One class with a factory, in version 1 in the kernel."""

    name: str
    folder: str
    """Of its header and its source, below ``guest_kernel/services``."""
    file: str = ""
    """Their name, where it is not the class's."""

    @property
    def stem(self) -> str:
        """Of the names of its files: ``SharedCounter`` lies in ``shared_counter.h``."""
        if self.file:
            return self.file
        return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", self.name).lower()

    @property
    def module_name(self) -> str:
        """That of the update."""
        return f"identity_{self.stem}"

    def source(self, *, shifted: bool, options: str = "") -> str:
        """The module's source. Raises NotAnIdentity."""
        header = f"services/{self.folder}/{self.stem}.h"
        parts = [self._part(header), self._part(header.replace(".h", ".cpp"))]
        text = "".join(parts).replace("#pragma once\n", "").replace(f'#include "{header}"\n', "")
        if text.count(NAMESPACE) != len(parts):
            raise NotAnIdentity(f"{header}: not one {NAMESPACE} in each of its files")
        if "init_functions" in text:
            raise NotAnIdentity(f"{header}: its files also start something at boot")
        text = _REGISTRATION.sub("", text.replace(NAMESPACE, "namespace services::v2 {"))
        text, versions = _FACTORY_CLASS.subn(r"\g<1>2)", text)
        if versions != 1:
            raise NotAnIdentity(f"{header}: {versions} descriptions of a class in version 1")
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

    def _part(self, name: str) -> str:
        return (Path(installation().kernel_sources) / name).read_text(encoding="utf-8")


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
