"""The kernel's image for tests that read its symbols."""

from functools import cache

from emulator.monitor import Symboliser
from toolchain.kernel import build_kernel


@cache
def symbols() -> Symboliser:
    """Of the shipped kernel, without modules."""
    return Symboliser(build_kernel().path.read_bytes())
