"""How a dip is computed from runs that are known."""

from __future__ import annotations

import pytest

from emulator.bench.dips import Pair, client_time, dip, throughput, worst
from emulator.bench.loaded import Run
from emulator.bench.transition import Transition

MILLISECOND = 1_000_000
SPAN_NS = 4 * MILLISECOND


def run(jobs: list[int], turns: list[tuple[int, int]], ended_ns: int | None = None) -> Run:
    transitions = [] if ended_ns is None else [Transition(0, ended_ns, ended_ns, 1, [], None)]
    return Run(SPAN_NS, jobs, turns, [], [], transitions, [], 0)


def pair(seed: int, without: list[int], changed: list[int], ended_ns: int) -> Pair:
    turns = [(0, SPAN_NS)]
    return Pair(seed, run(without, turns), run(changed, [(0, ended_ns // 2)], ended_ns))


def test_only_what_ended_in_the_transition_counts() -> None:
    found = dip([pair(1, [1, 2, 3, 4, 9], [1, 2, 3, 9], ended_ns=5)])
    assert found.mean == pytest.approx(25)
    assert (found.jobs, found.deviation) == (4, 0)


def test_pairs_of_a_seed_are_weighed_by_their_jobs_and_seeds_equally() -> None:
    first = [pair(1, [1, 2, 3], [1, 2, 3], 5), pair(1, [1], [], 5)]
    second = [pair(2, [1, 2], [1], 5)]
    found = dip([*first, *second])
    assert found.by_seed == pytest.approx([25, 50])
    assert found.mean == pytest.approx(37.5)
    assert found.error > 0


def test_pairs_that_agree_have_no_error() -> None:
    assert dip([pair(1, [1, 2], [1], 5), pair(1, [1, 2, 3, 4], [1, 2], 5)]).error == pytest.approx(0)


def test_client_time_is_cut_at_the_end_of_the_transition() -> None:
    found = dip([pair(1, [1], [1], ended_ns=2 * MILLISECOND)], client_time)
    assert found.mean == pytest.approx(50)


def test_nothing_can_be_lost_where_nothing_ends() -> None:
    assert dip([pair(1, [], [], 5)]).mean == 0


def test_bins_are_jobs_a_minute() -> None:
    runs = [run([0, 1, MILLISECOND], []), run([0, 2 * MILLISECOND], [])]
    assert throughput(runs, SPAN_NS, MILLISECOND) == [90_000, 30_000, 30_000, 0]
    assert worst(runs[:1], 2 * MILLISECOND) == 0
    assert worst(runs, SPAN_NS) == 30_000
