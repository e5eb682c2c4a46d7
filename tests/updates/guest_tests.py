"""In-guest tests of the classes that shipped updates bring, in a kernel built with both."""

from __future__ import annotations

import shutil
import tempfile
from functools import cache
from pathlib import Path

from toolchain.kernel import build_kernel
from toolchain.paths import installation

_TESTS = Path(__file__).parent / "guest"


@cache
def kernel_with(update: str) -> Path:
    """A kernel that holds the classes of this update, without its registration, and the tests of them."""
    installed = installation()
    with tempfile.TemporaryDirectory() as directory:
        tree = Path(directory) / "guest_kernel"
        shutil.copytree(installed.kernel_sources, tree)
        folder = tree / update
        folder.mkdir()
        for source in (installed.updates / update).glob("*.*"):
            if source.suffix in {".h", ".cpp"} and source.stem != update:
                shutil.copy(source, folder)
        shutil.copy(_TESTS / f"{update}_tests.cpp", folder)
        return build_kernel(tree).path
