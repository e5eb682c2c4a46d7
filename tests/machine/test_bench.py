"""The benchmark measures what it says; how fast this host is proves nothing."""

from emulator.bench.engine import EngineSpeed, LoopSpeed, measure_engine
from emulator.bench.qemu import qemu_installed


def test_every_loop_is_measured() -> None:
    speed = measure_engine(iterations=1 << 16)
    assert [loop.name for loop in speed.loops] == ["calls", "memory", "long blocks", "short blocks"]
    for loop in speed.loops:
        assert loop.instructions_per_second > 0
        assert (loop.qemu_icount_per_second is not None) == qemu_installed()


def test_the_headline_is_the_lowest_and_needs_all() -> None:
    fast, slow, alone = LoopSpeed("a", 9, 1, 10), LoopSpeed("b", 5, 1, 10), LoopSpeed("c", 5, None, None)
    assert EngineSpeed(1, (fast, slow)).ratio_to_qemu_icount == 0.5
    assert EngineSpeed(1, (fast, alone)).ratio_to_qemu_icount is None
    assert fast.ratio_to_qemu == 9
