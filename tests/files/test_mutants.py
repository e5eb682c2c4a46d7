"""A file system with one thing wrong is noticed by the storms."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Final

import pytest

from tests.files.trials import trial_of_cuts, trial_of_errors
from tests.guest.source_diff import apply_diff
from toolchain.kernel import build_kernel
from toolchain.paths import installation

DIFFS: Final = sorted((Path(__file__).parent / "mutants").glob("*.diff"))
SEEDS: Final = range(1, 13)


def complaint(kernel: Path, caught_by: str, seed: int) -> str:
    if caught_by == "cut":
        return trial_of_cuts(seed, instants=150, every_ns=237_654, cuts=3, kernel=kernel)
    return trial_of_errors(seed, looks=30, every_ns=2_000_000, kernel=kernel)


@pytest.mark.matrix
@pytest.mark.parametrize("diff", DIFFS, ids=lambda diff: str(diff.stem))
def test_mutant_is_caught(diff: Path, tmp_path: Path) -> None:
    caught_by = re.search(r"^Caught by: (\w+)$", diff.read_text(encoding="utf-8"), re.MULTILINE)
    assert caught_by is not None
    tree = tmp_path / "guest_kernel"
    shutil.copytree(installation().kernel_sources, tree)
    apply_diff(diff, tree)
    kernel = build_kernel(tree).path
    assert any(complaint(kernel, caught_by[1], seed) for seed in SEEDS)


@pytest.mark.parametrize("diff", DIFFS, ids=lambda diff: str(diff.stem))
def test_mutant_applies(diff: Path, tmp_path: Path) -> None:
    tree = tmp_path / "guest_kernel"
    shutil.copytree(installation().kernel_sources, tree)
    apply_diff(diff, tree)
