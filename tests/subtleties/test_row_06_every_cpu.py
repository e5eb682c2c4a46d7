"""Row 6: old code runs no more once every CPU that had touched the object has flushed its entry."""

import pytest

from tests.guest.support import Schedule, run_tests, shipped_kernel


@pytest.mark.parametrize("cpus", [1, 2, 3, 8])
@pytest.mark.parametrize("schedule", [Schedule(), Schedule(1), Schedule(2)], ids=str)
def test_every_cpu_meets_the_mediator(cpus: int, schedule: Schedule) -> None:
    run = run_tests(shipped_kernel(), "interleaving.every_cpu_meets_the_mediator", schedule, cpus)
    assert run.failure == ""
