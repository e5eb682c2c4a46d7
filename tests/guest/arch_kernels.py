"""Kernel images for tests of the architecture part: the shipped one, and one with code that misbehaves."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from toolchain.kernel import build_kernel
from toolchain.paths import installation

_EXTRA = Path(__file__).parent / "arch_extra"


@cache
def shipped_image() -> bytes:
    """The kernel as it is."""
    return build_kernel().path.read_bytes()


@cache
def extended_image() -> bytes:
    """The kernel with the sources of ``arch_extra``, which do nothing without their boot arguments."""
    return extended_image_of()


def extended_image_of(change: Callable[[Path], None] | None = None) -> bytes:
    """The same of a kernel whose sources, in a directory of their own, were changed first."""
    with tempfile.TemporaryDirectory() as directory:
        tree = Path(directory) / "guest_kernel"
        shutil.copytree(installation().kernel_sources, tree)
        shutil.copytree(_EXTRA, tree / "extra")
        if change is not None:
            change(tree)
        return build_kernel(tree).path.read_bytes()
