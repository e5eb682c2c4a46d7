"""The module's own code says no, faults or never ends: the old version goes on, and the cause is named."""

from __future__ import annotations

import pytest

from emulator.monitor import UpdateFailed
from tests.updates.counter_versions import (
    Version,
    become_idle,
    expect_exact,
    loaded_machine,
    quiet_machine,
    version_of_counters,
)

_FAULT = "*static_cast<volatile int*>(nullptr) = 1;"
_ENDLESS = "for (volatile int i = 0;;) i = i + 1;"

_VETOES = {
    "initialisation fails before it begins": (Version(before="return kernel::Code::NO_FORMAT;"), "no_format"),
    "initialisation fails when all is done": (Version(after="return kernel::Code::INVALID;"), "invalid"),
    "initialisation faults when all is done": (Version(after=_FAULT), "fault"),
    "initialisation never ends when all is done": (Version(after=_ENDLESS), "timed_out"),
    "preparation fails": (Version(prepare="return kernel::Code::IO_ERROR;"), "io_error"),
    "preparation faults": (Version(prepare=_FAULT), "fault"),
    "first import fails": (Version(on_import="return kernel::Code::IO_ERROR;"), "io_error"),
    "40th import fails": (Version(on_import="if (number == 40) return kernel::Code::IO_ERROR;"), "io_error"),
    "40th import faults": (Version(on_import="if (number == 40) " + _FAULT), "fault"),
    "no common format": (Version(formats='"counter.other/1"'), "no_format"),
}


@pytest.mark.parametrize("case", _VETOES)
def test_the_old_version_goes_on(case: str) -> None:
    version, reason = _VETOES[case]
    eager = Version(**{**version.__dict__, "manifest": 'mode = "eager"'})
    with loaded_machine(clients=2) as machine:
        monitor = machine.monitor
        with pytest.raises(UpdateFailed) as failure:
            monitor.apply(eager.build(), limit_ns=10_000_000_000)
        record = failure.value.record
        assert (record.state, record.reason) == ("aborted", reason)
        assert "\n" not in str(failure.value)
        assert version_of_counters(machine) == {1}
        assert [each.name for each in monitor.modules()] == ["allocator_race"]
        expect_exact(machine)


def test_an_instance_that_fails_is_named() -> None:
    with loaded_machine() as machine:
        failing = Version(on_import="return kernel::Code::IO_ERROR;", manifest='mode = "eager"')
        line = r"instance @\d+\.\d+ of class SharedCounter could not be brought to version 2: input/output"
        with pytest.raises(UpdateFailed, match=line):
            machine.monitor.apply(failing.build(), limit_ns=2_000_000_000)
        expect_exact(machine)


def test_a_lazy_conversion_that_fails_leaves_the_old_instance() -> None:
    """It is counted as failed, its old code stays, and the way back takes it along."""
    machine, references = quiet_machine(12)
    with machine:
        monitor = machine.monitor
        failing = "if (number == 5) return kernel::Code::IO_ERROR;"
        monitor.apply(Version(on_import=failing, manifest='mode = "lazy"').build())
        become_idle(machine)
        known = monitor.updates()[-1]
        assert (known.state, known.failed, known.converted) == ("active", 1, 11)
        assert version_of_counters(machine) == {1, 2}
        assert monitor.revert("counter_2").state == "unloaded"
        assert version_of_counters(machine) == {1}
        for reference in references:
            monitor.destroy(reference)
