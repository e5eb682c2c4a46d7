"""A version that keeps more than the one before: each way has its format, and nothing is lost."""

from __future__ import annotations

from emulator import Machine
from tests.updates.counter_versions import (
    Version,
    apply_whole,
    expect_exact,
    loaded_machine,
    version_of_counters,
)

# Version 3 also counts how often it was asked for anything; it hands that on to version 4 alone.
_WITH_CALLS = Version(
    3,
    formats='"counter.shares/2"}, {"counter.shares/1"',
    way_back='"counter.shares/2"}, {"counter.shares/1"',
    fields="[[maybe_unused]] uint64_t m_calls = 0;",
)


def test_a_format_that_both_know_is_preferred_and_the_old_one_is_the_way_back() -> None:
    with loaded_machine(clients=2) as machine:
        for update in (Version(2), _WITH_CALLS, Version(4, formats='"counter.shares/2"')):
            apply_whole(machine, update)
            assert version_of_counters(machine) == {update.version}
        _revert_all(machine)
        expect_exact(machine)


def _revert_all(machine: Machine) -> None:
    for name, left in (("counter_4", 3), ("counter_3", 2), ("counter_2", 1)):
        machine.monitor.revert(name)
        assert version_of_counters(machine) == {left}
