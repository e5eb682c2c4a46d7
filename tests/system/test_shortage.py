"""After memory was short for a while, the system does again what it did before."""

from __future__ import annotations

from typing import Final

import pytest

from tests.system.machines import module, ready_machine

CLIENTS: Final = 4
ALL_THERE_IS: Final = 3000
"""Blocks of up to three pages: more than a machine of 16 MiB has."""


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.matrix) for seed in range(2, 8))])
def test_no_job_is_refused_once_the_shortage_has_ended(seed: int) -> None:
    with ready_machine(memory=16 << 20) as machine:
        monitor = machine.monitor
        monitor.apply(module("allocator_race"))
        monitor.workload_start("job-mix", clients=CLIENTS, operations=20, seed=seed, grab=ALL_THERE_IS)
        assert monitor.workload_wait("job-mix").errors == 0
        monitor.workload_start("job-mix", clients=CLIENTS, operations=20, seed=seed)
        after = monitor.workload_wait("job-mix")
        assert after.errors == 0
        assert after.kinds["process"].done + after.kinds["map"].done > 0
        assert [kind for kind, figures in after.kinds.items() if figures.refused] == []
