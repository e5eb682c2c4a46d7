"""Whether a module's classes follow what the modules in the guest have brought, before the guest is asked.

The guest has the last word: of a class that no module has changed yet, the host does not know the version.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from emulator.abi.module import ClassUpdate, ModuleMetadata
from emulator.modules.demangle import demangle
from emulator.modules.linked_module import LinkedModule
from emulator.modules.refusal import refusal

_DESCRIPTOR: Final = re.compile(r"(?P<name>[\w:]+)::descriptor")
_VERSION: Final = re.compile(r"\bv\d+::")


def check_versions(metadata: ModuleMetadata, loaded: Sequence[ModuleMetadata]) -> None:
    """``loaded`` in the order of loading. Raises ModuleError, naming both numbers."""
    for update in metadata.updates:
        if update.from_version and update.to_version != update.from_version + 1:
            raise refusal(
                f"class {update.name}: version {update.to_version} cannot follow {update.from_version}",
                f"only version {update.from_version + 1} can",
            )
        _check(update, loaded)


def check_classes(linked: LinkedModule) -> None:
    """That the module has the classes that its metadata name. Raises ModuleError."""
    found = {name for symbol in linked.symbols if (name := _described_class(symbol)) is not None}
    for update in linked.metadata.updates:
        if update.name not in found:
            raise refusal(
                f"update.toml names class {update.name}, which the module does not have",
                f"it describes {', '.join(sorted(found)) or 'no class'}",
            )


def _described_class(symbol: str) -> str | None:
    """``services::Port`` for the symbol of ``services::v2::Port::descriptor``; None for any other."""
    described = _DESCRIPTOR.fullmatch(demangle(symbol))
    return None if described is None else _VERSION.sub("", described["name"])


def _check(update: ClassUpdate, loaded: Sequence[ModuleMetadata]) -> None:
    brought = [
        (earlier.to_version, module.name)
        for module in loaded
        for earlier in module.updates
        if earlier.name == update.name
    ]
    if not brought:
        return
    version, module = max(brought)
    if update.to_version <= version:
        raise refusal(
            f"class {update.name} is at version {version}, which module {module} brought: "
            f"this is version {update.to_version} again",
            f"revert {module} first, or bring version {version + 1}",
        )
    if update.from_version != version:
        raise refusal(
            f"class {update.name} is at version {version}, this update goes from {update.from_version} "
            f"to {update.to_version}",
            f"apply what brings version {update.from_version} first",
        )
