"""Code of a module that never ends for one instance: the time limit ends it, and the instance is named."""

from __future__ import annotations

from typing import Final

import pytest

from emulator import Machine
from emulator.monitor import UpdateFailed, UpdateRecord
from tests.updates.counter_versions import (
    Version,
    apply_whole,
    become_idle,
    expect_exact,
    info,
    loaded_machine,
    quiet_machine,
    version_of_counters,
)

LIMIT_NS: Final = 200_000_000
LONGEST_NS: Final = 1_000_000_000
"""What any one step of a conversion may take, whatever the limit of the update."""
AFTERWARDS_NS: Final = 60_000_000
"""For all the rest: what was changed is taken back."""

_ENDLESS: Final = "for (volatile int i = 0;;) i = i + 1;"
_WITH_LIMIT: Final = f"{{.step_limit_ns = {LIMIT_NS}}}"
_PREPARED: Final = f"if (__atomic_fetch_add(&exports_done, 1, __ATOMIC_RELAXED) >= 30) {_ENDLESS}"


def run_to_its_end(machine: Machine, version: Version) -> tuple[UpdateRecord, int]:
    """What came of it, and how much virtual time it took."""
    began = machine.virtual_ns
    load = machine.monitor.start_apply(version.build())
    while (record := machine.monitor.load_outcome(load)) is None:
        machine.run_for(5_000_000)
    return record, machine.virtual_ns - began


def eager(**parts: str) -> Version:
    """A version whose instances are converted at once."""
    return Version(**{"manifest": 'mode = "eager"', **parts})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("update", "least_ns", "most_ns"),
    [
        (eager(on_import=f"if (number == 30) {_ENDLESS}", options=_WITH_LIMIT), LIMIT_NS, LIMIT_NS),
        (eager(on_import=f"if (number == 30) {_ENDLESS}"), LONGEST_NS, LONGEST_NS),
        (eager(prepare=_PREPARED, options=_WITH_LIMIT), LIMIT_NS, 3 * LIMIT_NS),
    ],
    ids=["one import", "one import without a limit of its own", "every further prepare"],
)
def test_the_update_cancels_itself_and_names_the_instance(
    update: Version, least_ns: int, most_ns: int
) -> None:
    """Whatever else had begun by then ends after its own limit."""
    with loaded_machine(clients=3) as machine:
        record, took_ns = run_to_its_end(machine, update)
        assert (record.state, record.reason) == ("aborted", "timed_out")
        assert record.text.startswith("instance @")
        assert record.text.endswith("of class SharedCounter could not be brought to version 2: timed out")
        assert least_ns < took_ns < most_ns + AFTERWARDS_NS
        assert version_of_counters(machine) == {1}
        assert [each.name for each in machine.monitor.modules()] == ["allocator_race"]
        expect_exact(machine)


def test_an_export_that_never_ends_bounds_the_next_update_and_the_way_back() -> None:
    with loaded_machine(clients=3) as machine:
        apply_whole(machine, eager(export=f"if (number == 30) {_ENDLESS}", options=_WITH_LIMIT))
        following = Version(3, manifest='mode = "eager"', options=_WITH_LIMIT)
        record, took_ns = run_to_its_end(machine, following)
        assert (record.state, record.reason) == ("aborted", "timed_out")
        assert "could not be brought to version 3" in record.text
        assert LIMIT_NS < took_ns < LIMIT_NS + AFTERWARDS_NS
        assert version_of_counters(machine) == {2}
        # It was for that one time.
        assert machine.monitor.revert("counter_2").state == "unloaded"
        expect_exact(machine)


def test_a_way_back_that_never_ends_is_stuck_and_names_the_instance() -> None:
    with loaded_machine(clients=2) as machine:
        record = apply_whole(machine, eager(export=f"if (number == 30) {_ENDLESS}"))
        with pytest.raises(
            UpdateFailed,
            match=r"stuck: instance @\d+\.\d+ of class SharedCounter could not be brought to version 1",
        ):
            machine.monitor.revert(record.id)
        assert info(machine, record).failed == 1
        assert machine.monitor.revert(record.id).state == "unloaded"
        expect_exact(machine)


def test_a_lazy_conversion_that_never_ends_is_served_by_the_old_instance() -> None:
    machine, references = quiet_machine(12)
    with machine:
        monitor = machine.monitor
        never = Version(
            on_import=f"if (number == 5) {_ENDLESS}", manifest='mode = "lazy"', options=_WITH_LIMIT
        )
        record = monitor.apply(never.build())
        become_idle(machine)
        machine.run_for(LIMIT_NS)
        known = info(machine, record)
        assert (known.state, known.failed, known.converted) == ("active", 1, 11)
        assert version_of_counters(machine) == {1, 2}
        assert monitor.revert("counter_2").state == "unloaded"
        for reference in references:
            monitor.destroy(reference)


def test_who_waits_inside_the_kernel_is_named_while_it_does() -> None:
    """Nobody can end it there, but the update is on its way back and tells who keeps it."""
    waits = "if (number == 30) kernel::sleep_until(kernel::now_ns() + 600'000'000);"
    including = ("kernel/clock.h", "kernel/thread.h")
    update = Version(on_import=waits, options=_WITH_LIMIT, manifest='mode = "eager"', includes=including)
    with loaded_machine(clients=3) as machine:
        record, took_ns = run_to_its_end(machine, update)
        assert (record.state, record.reason) == ("aborted", "timed_out")
        assert 600_000_000 < took_ns < 600_000_000 + AFTERWARDS_NS
        (stalled,) = [each for each in record.stalled if each.name == "guarded task"]
        assert stalled.step == "convert"
        assert stalled.stack
        assert version_of_counters(machine) == {1}
        expect_exact(machine)
