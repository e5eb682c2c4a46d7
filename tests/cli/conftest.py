"""What commands use is built beforehand: one that builds it first tells of that on stderr."""

import pytest

from emulator.cpu.native import library_path
from emulator.scenario.shipped import shipped_updates
from toolchain.kernel import build_kernel
from toolchain.module import build_update
from toolchain.paths import installation


@pytest.fixture(scope="session", autouse=True)
def _built() -> None:
    kernel = build_kernel()
    library_path()
    for name in shipped_updates():
        build_update(installation().updates / name, kernel)
