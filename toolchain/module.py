"""Builds the modules of an update's folder, each one relocatable ELF file ``NAME.ko``.

A module is compiled against the headers of one kernel and carries that kernel's build-id: headers say where
fields lie, so a module is good for no other kernel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from emulator.abi.module import MODULE_SECTION, CallerClass, ModuleMetadata
from emulator.errors import UsageError
from toolchain.compiler import COMPILER_LABEL, REQUIRED_VERSION, SourceRoot, Unit
from toolchain.kernel import GENERATED_LABEL, KERNEL_LABEL, KernelImage, default_store, generated_headers
from toolchain.manifest import ModuleSource, read_manifest
from toolchain.objects import Builder, Object, Progress, silent
from toolchain.paths import installation
from toolchain.store import Store, digest

LINK_FLAGS: Final = ("-r", "--fatal-warnings")

_METADATA_SOURCE: Final = "metadata.S"
CALLERS_HEADER: Final = "callers.h"
_CALLERS_LABEL: Final = "callers"
_RESERVED_NAMES: Final = frozenset((KERNEL_LABEL, GENERATED_LABEL, COMPILER_LABEL, _CALLERS_LABEL))


@dataclass(frozen=True)
class ModuleFile:
    """A built module."""

    path: Path
    metadata: ModuleMetadata


def build_update(
    folder: Path,
    kernel: KernelImage,
    *,
    store: Store | None = None,
    progress: Progress = silent,
    flags: Sequence[str] = (),
) -> tuple[ModuleFile, ...]:
    """The modules of an update's folder, in their order, built where something has changed.

    The folder lies anywhere. Raises UsageError for a wrong ``update.toml``, BuildError (CompilationError with
    the compiler's diagnostics) for sources that do not build.
    """
    modules = read_manifest(folder)
    flags = (*kernel.flags, *flags)
    shipped = None if flags else _prebuilt(folder, kernel)
    if shipped is not None:
        return tuple(_described(shipped / f"{module.name}.ko", module, kernel) for module in modules)
    builder = Builder(store or default_store(), progress)
    return tuple(_build(builder, module, kernel, flags) for module in modules)


def _prebuilt(folder: Path, kernel: KernelImage) -> Path | None:
    """Where the wheel has the modules of one of its own updates, for its own kernel."""
    own = installation()
    if own.prebuilt is None or kernel.path.parent != own.prebuilt or folder.resolve().parent != own.updates:
        return None
    return own.prebuilt / "updates" / folder.resolve().name


def _described(path: Path, module: ModuleSource, kernel: KernelImage) -> ModuleFile:
    return ModuleFile(path, module.metadata(bytes.fromhex(kernel.build_id)))


def _build(builder: Builder, module: ModuleSource, kernel: KernelImage, flags: tuple[str, ...]) -> ModuleFile:
    if module.name in _RESERVED_NAMES:
        raise UsageError(f"{module.folder}: a module cannot be called {module.name!r}")
    generated = generated_headers(builder.store)
    root = SourceRoot(module.folder.resolve(), module.name)
    roots: tuple[SourceRoot, ...] = (root, SourceRoot(kernel.sources, KERNEL_LABEL), generated)
    if module.callers:
        roots += (_callers_header(builder.store, module.callers),)
    units = [Unit(root, source, roots, flags) for source in module.sources]
    units.append(_metadata_unit(builder.store, module.metadata(bytes.fromhex(kernel.build_id)).pack()))
    objects = builder.compile_all(units, more_steps=2)
    named = dict(zip((unit.label for unit in units), objects, strict=True))
    return _described(_linked(builder, f"{module.name}.ko", named), module, kernel)


def _linked(builder: Builder, name: str, objects: dict[str, Object]) -> Path:
    parts = [part for label, each in objects.items() for part in (label, each.key)]
    key = digest(["module", REQUIRED_VERSION, *LINK_FLAGS, *parts])
    steps = len(objects) + 2
    path = builder.store.find("modules", key, name)
    if path is None:
        inputs = {label: each.path for label, each in objects.items()}
        # The module's own build-id is the digest of all that it is made of.
        linked = builder.compiler.link(inputs, [*LINK_FLAGS, f"--build-id=0x{key}"])
        builder.progress(steps - 1, steps, f"linked {name}")
        from toolchain.verify import check_instructions  # takes long to import, and is seldom needed

        check_instructions(linked, name)
        path = builder.store.put("modules", key, name, linked)
    builder.progress(steps, steps, f"checked {name}")
    return path


def _callers_header(store: Store, callers: Sequence[CallerClass]) -> SourceRoot:
    """The directory with the table of callers, both ways, so that it is written down once."""
    rows = [(each.name.rpartition("::")[2], each.version) for each in callers]
    before = ", ".join(f'{{"{name}", {version}}}' for name, version in rows)
    after = ", ".join(f'{{"{name}", {version}, true}}' for name, version in rows)
    text = f"""// Who calls the interface that this module changes: generated from update.toml.
#pragma once

#include "objects/adaptor_plan.h"

namespace callers {{

// Of the interface before the change: those that are older.
inline constexpr objects::CallerClass of_old[] = {{{before}}};
// Of the interface after it, when the change is taken back.
inline constexpr objects::CallerClass of_new[] = {{{after}}};

}}
"""
    path = store.put("generated", digest([text]), CALLERS_HEADER, text.encode())
    return SourceRoot(path.parent, _CALLERS_LABEL)


def _metadata_unit(store: Store, metadata: bytes) -> Unit:
    """A generated source with nothing but the metadata section, which stays out of the guest's memory."""
    lines = [f'    .section {MODULE_SECTION},"",@progbits', "    .balign 8"]
    for start in range(0, len(metadata), 16):
        lines.append("    .byte " + ", ".join(map(str, metadata[start : start + 16])))
    text = "\n".join(lines) + "\n"
    source = store.put("generated", digest([text]), _METADATA_SOURCE, text.encode())
    return Unit(SourceRoot(source.parent, GENERATED_LABEL), _METADATA_SOURCE, ())
