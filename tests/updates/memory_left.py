"""What memory is used for after a run, and whether updates that came and went have left anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from emulator import Machine

TABLES_OF_MODULES: Final = 1
"""Pages: the kernel keeps the page table of the module area once it was needed."""
STOCK_DESCRIPTORS: Final = 1
"""Pages: each 64 that the page allocator once took from the pool begin with one that describes them."""
PAGES_IN_A_GROWTH: Final = 64
RECORD_SIZE: Final = 2048
"""Bytes: what an update is remembered by, for good."""


@dataclass(frozen=True)
class MemoryInUse:
    """Taken when the workload has ended and caches are drained."""

    by_tag: Mapping[str, tuple[int, int]]
    """Bytes and allocations."""
    by_owner: Mapping[tuple[str, str], tuple[int, int]]
    """Count and bytes of the objects of each class in each version, and of modules."""
    once_all: int = 0
    """Pages of a machine whose memory ran out at some time: all of them were in use at once."""

    @classmethod
    def of(cls, machine: Machine) -> Self:
        """Of a machine that is there."""
        monitor = machine.monitor
        monitor.drain()
        return cls.of_rows(
            [
                {"tag": row.tag, "bytes": row.bytes, "allocations": row.allocations}
                for row in monitor.memory()
            ],
            [
                {"what": row.what, "which": row.which, "count": row.count, "bytes": row.bytes}
                for row in monitor.owners.all()
            ],
        )

    @classmethod
    def of_rows(cls, memory: list[Mapping[str, Any]], owners: list[Mapping[str, Any]]) -> Self:
        """As a scenario's looks have them."""
        by_owner: dict[tuple[str, str], tuple[int, int]] = {}
        for row in owners:
            count, size = by_owner.get((row["what"], row["which"]), (0, 0))
            by_owner[row["what"], row["which"]] = (count + row["count"], size + row["bytes"])
        return cls({row["tag"]: (row["bytes"], row["allocations"]) for row in memory}, by_owner)


def expect_nothing_left(after: MemoryInUse, control: MemoryInUse, *, records: int, replaced: int = 0) -> None:
    """``after`` is of a run in which so many updates came and went, ``control`` of the same without them.

    Each update is remembered by a record, which may be the first in its page. ``replaced``: objects that were
    made anew and may have come to lie in a slab of their own.
    """
    assert after.by_owner == control.by_owner
    used, without = dict(after.by_tag), dict(control.by_tag)
    bytes_left, records_left = (
        now - then for now, then in zip(used.pop("module"), without.pop("module"), strict=True)
    )
    assert records_left == records
    assert bytes_left <= records * RECORD_SIZE
    # Of the object table each run keeps what it once needed.
    assert used.pop("table")[1] > 0
    assert without.pop("table")[1] > 0
    stock = STOCK_DESCRIPTORS + after.once_all // PAGES_IN_A_GROWTH
    grown = used.pop("frames")[1] - without.pop("frames")[1]
    assert grown <= records + TABLES_OF_MODULES + stock + replaced
    assert used == without
