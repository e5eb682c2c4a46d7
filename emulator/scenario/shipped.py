"""Finding updates by name or path, and having their modules built."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from emulator.errors import UsageError

if TYPE_CHECKING:
    from emulator.abi.module import ClassUpdate
    from toolchain.kernel import KernelImage

RACE_UPDATE: Final = "allocator_race"
"""The shipped kernel has the race of section 4.3.2; every run that is not about it starts with this fix."""
_MANIFEST: Final = "update.toml"
_MODULE: Final = ".ko"


def find_update(name: str, folder: Path) -> Path:
    """An update's folder or a module's file: a path relative to ``folder``, else the name of a shipped one.

    Raises UsageError when there is neither.
    """
    from toolchain.paths import installation

    near, shipped = folder / name, installation().updates / name
    for path in (near, shipped):
        if (path / _MANIFEST).is_file() or (path.is_file() and path.suffix == _MODULE):
            return path
    if near.exists():
        raise UsageError(f"{near}: neither a folder with {_MANIFEST} nor a module ({_MODULE})")
    raise UsageError(f'no update "{name}": there is no {near}, and the shipped ones are {_names()}')


def find_scenario(path: Path) -> Path:
    """The file itself, or for the name of a shipped update the scenario that came with it."""
    from toolchain.paths import installation

    if path.exists() or str(path) not in shipped_updates():
        return path
    return installation().updates / path / "scenario.toml"


def shipped_updates() -> list[str]:
    """The names of the updates that came with the package."""
    from toolchain.paths import installation

    return sorted(path.parent.name for path in installation().updates.glob(f"*/{_MANIFEST}"))


def modules_of(update: Path, kernel: KernelImage | None = None) -> list[Path]:
    """The module files of an update, in the order in which they are applied, built where need be.

    ``kernel`` is the one that they are for, None the installed one. Raises UsageError for a wrong
    ``update.toml`` and BuildError for sources that do not build.
    """
    if update.suffix == _MODULE:
        return [update]
    from toolchain.kernel import build_kernel
    from toolchain.module import build_update

    return [module.path for module in build_update(update, kernel or build_kernel())]


def modules_that_provide(interface: str, folder: Path, kernel: KernelImage | None = None) -> list[bytes]:
    """The modules of the update that provides an interface: one in ``folder``, beside it, or a shipped one.

    None when there is no such update. Raises UsageError and BuildError as ``modules_of`` does.
    """
    from toolchain.manifest import MANIFEST_NAME, read_manifest
    from toolchain.paths import installation

    for place in (folder, folder.resolve().parent, installation().updates):
        for manifest in sorted([*place.glob(MANIFEST_NAME), *place.glob(f"*/{MANIFEST_NAME}")]):
            if any(interface in module.provides for module in read_manifest(manifest.parent)):
                return [path.read_bytes() for path in modules_of(manifest.parent, kernel)]
    return []


def classes_of(module: Path) -> tuple[ClassUpdate, ...]:
    """The classes that a module brings. Raises ModuleError when it is damaged."""
    from emulator.modules.elf_file import read_object
    from emulator.modules.metadata import read_metadata

    return read_metadata(read_object(module.read_bytes())).updates


def _names() -> str:
    return ", ".join(shipped_updates()) or "none"
