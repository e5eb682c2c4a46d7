"""The benchmark measures what it says; how fast this host is proves nothing."""

from emulator.bench.engine import LoopSpeed, Round, measure_loop
from emulator.bench.loops import LOOPS
from emulator.bench.qemu import qemu_installed


def test_every_loop_is_measured() -> None:
    for loop in LOOPS:
        speed = measure_loop(loop, iterations=1 << 16, rounds=2)
        assert speed.name == loop.name
        assert [each.here > 0 for each in speed.rounds] == [True, True]
        assert (speed.qemu_icount_per_second is not None) == qemu_installed()


def test_a_speed_is_the_best_of_its_rounds_and_a_ratio_the_median_of_theirs() -> None:
    """A host that slows down for two of three rounds meets both sides of them."""
    speed = LoopSpeed("loop", (Round(9, 10, 5), Round(4, 5, 2), Round(5, 4, 5)))
    assert (speed.instructions_per_second, speed.qemu_per_second, speed.qemu_icount_per_second) == (9, 10, 5)
    assert (speed.ratio_to_qemu, speed.ratio_to_qemu_icount) == (0.9, 1.8)


def test_a_round_without_qemu_counts_for_this_machine_alone() -> None:
    speed = LoopSpeed("loop", (Round(9, None, None), Round(4, 5, None)))
    assert (speed.instructions_per_second, speed.qemu_per_second) == (9, 5)
    assert speed.qemu_icount_per_second is None
    assert (speed.ratio_to_qemu, speed.ratio_to_qemu_icount) == (0.8, None)
