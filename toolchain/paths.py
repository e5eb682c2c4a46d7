"""Where kernel sources, headers, updates and build results lie, in a checkout and in an installed wheel.

A checkout has ``guest_kernel`` and ``updates`` beside the packages and builds on demand; a wheel carries
both in ``toolchain/data``, with the kernel image and the shipped modules already built.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from emulator.errors import BuildError

_PACKAGE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Installation:
    """The files that belong to this installation."""

    root: Path
    """Directory that holds ``guest_kernel`` and ``updates``."""
    prebuilt: Path | None
    """Directory of the kernel image and modules built into the wheel; None in a checkout."""

    @property
    def kernel_sources(self) -> Path:
        """The kernel's source tree, which is also what its headers are rooted at."""
        return self.root / "guest_kernel"

    @property
    def updates(self) -> Path:
        """The shipped updates, one folder each."""
        return self.root / "updates"


def installation() -> Installation:
    """The installation that this package belongs to. Raises BuildError when it has no kernel sources."""
    for root, prebuilt in ((_PACKAGE.parent, None), (_PACKAGE / "data", _PACKAGE / "data" / "prebuilt")):
        if (root / "guest_kernel").is_dir():
            return Installation(root, prebuilt)
    raise BuildError(f"the kernel's sources are missing beside {_PACKAGE}: install the package again")


def cache_directory() -> Path:
    """The user's cache of build results: ``$XDG_CACHE_HOME/evergreen``, else ``~/.cache/evergreen``."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or "")  # a relative one is invalid, says its specification
    return (base if base.is_absolute() else Path.home() / ".cache") / "evergreen"
