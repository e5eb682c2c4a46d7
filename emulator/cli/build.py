"""``evergreen build``."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from emulator.cli.options import json_option
from emulator.cli.output import print_document, print_result
from emulator.cli.progress import BuildProgress

if TYPE_CHECKING:
    from toolchain.kernel import KernelImage


def built_kernel() -> KernelImage:
    """The installed kernel, built first where something has changed, with progress. Raises BuildError."""
    from emulator.cpu.native import library_path
    from toolchain.kernel import build_kernel

    with BuildProgress("Building the kernel") as progress:
        kernel = build_kernel(progress=progress)
    library_path()
    return kernel


@click.command("build")
@json_option
def command(as_json: bool) -> None:
    """Build the kernel, the engine and the shipped updates.

    Only what has changed is built; other commands do the same for what they need.

    \b
    Examples:
      evergreen build
      evergreen build --json
    """
    start = time.monotonic()
    kernel = built_kernel()
    modules = _shipped_modules(kernel)
    if as_json:
        print_document(_document(kernel, modules, time.monotonic() - start))
        return
    print_result(f"kernel {kernel.build_id}  {kernel.path}")
    for name, path in modules:
        print_result(f"module {name}  {path}")


def _shipped_modules(kernel: KernelImage) -> list[tuple[str, str]]:
    from emulator.scenario.shipped import shipped_updates
    from toolchain.module import build_update
    from toolchain.paths import installation

    found = []
    with BuildProgress("Building the updates") as progress:
        for name in shipped_updates():
            for module in build_update(installation().updates / name, kernel, progress=progress):
                found.append((module.metadata.name, str(module.path)))
    return found


def _document(kernel: KernelImage, modules: list[tuple[str, str]], seconds: float) -> dict[str, Any]:
    return {
        "kernel": {"path": str(kernel.path), "build_id": kernel.build_id},
        "modules": [{"name": name, "path": path} for name, path in modules],
        "wall_seconds": round(seconds, 3),
    }
