"""Kernels with one mistake each: the in-guest tests must find every one of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from emulator.abi.boot import BootFlag
from emulator.machine import Policy, Random, RoundRobin, StopReason
from tests.guest.arch_machine import KernelMachine
from tests.guest.source_diff import DiffDoesNotApply, apply_diff
from tests.guest.test_kernel import KERNEL_TESTS, MEMORY, expected
from toolchain.kernel import build_kernel
from toolchain.paths import installation

DIFFS = Path(__file__).parent / "mutants"
LIMIT_NS = 300_000_000
"""Several times what a part takes when nothing is wrong: a part that has not ended by then hangs."""
SEEDS = range(1, 21)

CAUGHT_BY = {}
"""For each mutant the test that finds it, and whether it needs a random schedule."""


def mutated_kernel(name: str, tree: Path) -> bytes:
    """The image of the kernel with one diff applied to a copy of its sources in ``tree``."""
    shutil.copytree(installation().kernel_sources, tree)
    apply_diff(DIFFS / f"{name}.diff", tree)
    return build_kernel(tree).path.read_bytes()


def first_failure(image: bytes, part: str, policy: Policy, seed: int) -> str | None:
    """The first test of a part that does not print its ``ok``; None when all do."""
    with KernelMachine(
        image,
        memory=MEMORY,
        flags=BootFlag.RUN_TESTS,
        arguments=f"tests={part}.",
        policy=policy,
        seed=seed,
    ) as machine:
        stop = machine.run(deadline_ns=LIMIT_NS)
        lines = {line for line in machine.lines if line.startswith("test")}
        missing = [line for line in expected(part)[:-1] if line not in lines]
        if missing:
            return missing[0].split()[1]
        return None if stop.reason is StopReason.HALTED else "the end"


def failures(name: str, image: bytes) -> set[str | None]:
    """What the part that must find the mutant reports, over the schedules of its row."""
    test, random = CAUGHT_BY[name]
    part = test.split(".")[0]
    if not random:
        return {first_failure(image, part, RoundRobin(), 1)}
    return {first_failure(image, part, Random(), seed) for seed in SEEDS}


@pytest.mark.matrix
@pytest.mark.parametrize("name", CAUGHT_BY)
def test_mutant_is_caught(name: str, tmp_path: Path) -> None:
    image = mutated_kernel(name, tmp_path / "guest_kernel")
    assert CAUGHT_BY[name][0] in failures(name, image)
