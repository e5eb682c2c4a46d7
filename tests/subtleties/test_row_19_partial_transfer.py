"""Row 19: export leaves the old object usable, and ownership moves once every CPU has imported.

In the guest, for a counter with a share on each CPU, a block cache and a page allocator: each allocation of
a swap fails in turn on each CPU, places in the transfer's arena among them, then the import on each CPU after
all have imported. The old object and what it owns stay the same byte by byte.
"""

from typing import Final

import pytest

from tests.guest.support import Schedule, run_tests, shipped_kernel

KIND: Final = "partial_transfer."


def _expect_well(schedule: Schedule, cpus: int) -> None:
    run = run_tests(shipped_kernel(), KIND, schedule, cpus)
    assert run.failure == "", run.console
    assert len(run.results) == 3


@pytest.mark.parametrize("cpus", [1, 2, 3, 8])
def test_on_some_numbers_of_cpus(cpus: int) -> None:
    _expect_well(Schedule(seed=1), cpus)


@pytest.mark.matrix
@pytest.mark.parametrize("cpus", range(1, 9))
@pytest.mark.parametrize("seed", range(2, 12))
def test_on_every_number_of_cpus(seed: int, cpus: int) -> None:
    _expect_well(Schedule(seed), cpus)
