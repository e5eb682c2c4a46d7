"""What a wheel carries ready-made: the kernel image and the shipped modules."""

from __future__ import annotations

import shutil
from pathlib import Path

from toolchain.kernel import BUILD_ID_NAME, IMAGE_NAME, KernelImage, build_kernel
from toolchain.manifest import MANIFEST_NAME
from toolchain.module import build_update
from toolchain.objects import Progress, silent
from toolchain.paths import installation


def prebuild(destination: Path, progress: Progress = silent) -> None:
    """Builds kernel and shipped updates of a checkout into a directory, laid out as an installation reads it.

    Raises BuildError when something does not build.
    """
    kernel = build_kernel(progress=progress)
    destination.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(kernel.path, destination / IMAGE_NAME)
    (destination / BUILD_ID_NAME).write_text(kernel.build_id, encoding="ascii")
    for manifest in sorted(installation().updates.glob(f"*/{MANIFEST_NAME}")):
        _prebuild_update(manifest.parent, kernel, destination / "updates" / manifest.parent.name, progress)


def _prebuild_update(folder: Path, kernel: KernelImage, destination: Path, progress: Progress) -> None:
    destination.mkdir(parents=True, exist_ok=True)
    for module in build_update(folder, kernel, progress=progress):
        shutil.copyfile(module.path, destination / module.path.name)
