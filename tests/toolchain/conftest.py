"""What every test of the toolchain builds with: a store of its own, a small kernel tree, a small update."""

from pathlib import Path

import pytest

from tests.toolchain.sources import KERNEL_FILES, UPDATE_FILES, write_tree
from toolchain.kernel import KernelImage, build_kernel
from toolchain.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def kernel_tree(tmp_path: Path) -> Path:
    return write_tree(tmp_path / "guest_kernel", KERNEL_FILES)


@pytest.fixture
def update_folder(tmp_path: Path) -> Path:
    return write_tree(tmp_path / "recount", UPDATE_FILES)


@pytest.fixture
def kernel(kernel_tree: Path, store: Store) -> KernelImage:
    return build_kernel(kernel_tree, store=store)
