"""Whether a module's classes follow what the modules in the guest have brought, before the guest is asked.

The guest has the last word: of a class that no module has changed yet, the host does not know the version.
"""

from __future__ import annotations

from collections.abc import Sequence

from emulator.abi.module import ClassUpdate, ModuleMetadata
from emulator.modules.refusal import refusal


def check_versions(metadata: ModuleMetadata, loaded: Sequence[ModuleMetadata]) -> None:
    """``loaded`` in the order of loading. Raises ModuleError, naming both numbers."""
    for update in metadata.updates:
        if update.from_version and update.to_version != update.from_version + 1:
            raise refusal(
                f"class {update.name}: version {update.to_version} cannot follow {update.from_version}",
                f"only version {update.from_version + 1} can",
            )
        _check(update, loaded)


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
