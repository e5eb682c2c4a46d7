"""4.3.4 with syncs under way: what is on its way to the disk is carried over, not lost and not written twice.

The disk answers so late that the transfer comes between the beginning and the end of its writes. From there
on it sees each block written as often as in a run without the update; and when the last forced sync has been
answered, a power cut takes nothing away.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Final

import pytest

from emulator import Machine
from emulator.abi.loader import ConversionMode
from emulator.devices.medium import Medium
from emulator.filesystem import Image, Tree
from emulator.monitor.replies import Kept
from emulator.workload import JOB_MIX, read_kept_files
from tests.updates.job_mix import MILLISECOND
from tests.updates.still_machine import LIMIT_NS, modules, states, still_machine

UPDATE: Final = "file_sync"
SEEDS: Final = range(1, 21)


@dataclass
class Seen:
    """What the disk and the guest say of the time after the standstill."""

    writes: Counter[int] = field(default_factory=Counter)
    """By block."""
    flushes: int = 0
    paging: dict[str, int] = field(default_factory=dict)
    kept: Kept | None = None
    on_disk: Kept | None = None
    """What the host finds there after a power cut."""

    @property
    def syncs(self) -> dict[str, int]:
        """How many there were, and how many pages they wrote."""
        return {name: self.paging[name] for name in ("forced_syncs", "unforced_syncs", "pages_written")}


def apply(mode: ConversionMode) -> Callable[[Machine], None]:
    def change(machine: Machine) -> None:
        record = machine.monitor.apply(modules(UPDATE)[0], mode=mode)
        assert record.converted + record.unconverted > 0

    return change


def apply_and_revert(machine: Machine) -> None:
    apply(ConversionMode.EAGER)(machine)
    machine.monitor.revert(UPDATE)


def leave_alone(_machine: Machine) -> None:
    pass


CHANGES: Final = {
    "eager": apply(ConversionMode.EAGER),
    "lazy": apply(ConversionMode.LAZY),
    "there and back": apply_and_revert,
}


def on_their_way(machine: Machine) -> list[int]:
    """Blocks of the pages of files whose writing has begun, while threads wait for it in a forced sync."""
    blocks = []
    for state in states(machine, "FCMFile").values():
        if any(state.values[path] for path in state.paths("thread")):
            pages = [path for path in state.paths("writing") if state.values[path]]
            transfers = [state.values[path.replace("writing", "transfer")] for path in pages]
            blocks += [state.values[f"{transfer}.m_request.block"] for transfer in transfers]
    return [block for block in blocks if isinstance(block, int)]


@contextmanager
def watched(medium: Medium) -> Iterator[Seen]:
    """Counts what arrives there meanwhile."""
    seen, write, flush = Seen(), medium.write, medium.flush

    def counted_write(block: int, data: bytes) -> None:
        seen.writes[block] += 1
        write(block, data)

    def counted_flush() -> None:
        seen.flushes += 1
        flush()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(medium, "write", counted_write)
        patch.setattr(medium, "flush", counted_flush)
        yield seen


def rest_of_run(machine: Machine, change: Callable[[Machine], None]) -> Seen:
    """The update comes while the disk is silent; then it answers, and the clients come to their ends."""
    monitor, disk = machine.monitor, machine.devices.disk
    with watched(disk.medium) as seen:
        change(machine)
        assert not seen.writes
        assert not seen.flushes
        disk.latency_ns = MILLISECOND // 10
        monitor.workload_stop(JOB_MIX)
        status = monitor.workload_wait(JOB_MIX, limit_ns=LIMIT_NS)
    assert status.errors == 0
    seen.paging, seen.kept = monitor.paging(), status.kept
    disk.power_cut()
    found = read_kept_files(Tree(Image(disk.medium.read)))
    assert found.problems == ()
    seen.on_disk = Kept(found.files, found.bytes, found.digest)
    return seen


@cache
def without_update(first: int) -> tuple[int, Sequence[int], Seen]:
    """The first seed from there on with writes of forced syncs under way; their blocks; the rest."""
    for seed in range(first, first + len(SEEDS)):
        with still_machine(seed) as machine:
            if blocks := on_their_way(machine):
                return seed, blocks, rest_of_run(machine, leave_alone)
    raise AssertionError("no seed leads to a forced sync under way")


@pytest.mark.parametrize("name", CHANGES)
def test_disk_sees_each_write_once(name: str, first: int = 1) -> None:
    seed, blocks, control = without_update(first)
    with still_machine(seed) as machine:
        updated = rest_of_run(machine, CHANGES[name])
    assert {updated.writes[block] for block in blocks} == {1}
    assert updated.writes == control.writes
    assert updated.syncs == control.syncs
    # How many forced syncs share a flush is a matter of time.
    assert 0 < updated.flushes <= updated.paging["forced_syncs"]
    assert updated.kept == updated.on_disk == control.kept


@pytest.mark.matrix
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", CHANGES)
def test_from_more_seeds(name: str, seed: int) -> None:
    test_disk_sees_each_write_once(name, seed)
