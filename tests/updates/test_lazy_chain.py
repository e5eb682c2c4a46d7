"""An update on top of one whose instances are still marked: one conversion takes both steps."""

from __future__ import annotations

from tests.updates.counter_versions import Version, become_idle, quiet_machine, version_of_counters

_LAZY = 'mode = "lazy"'
_COUNT = 20


def test_two_steps_in_one_conversion() -> None:
    machine, references = quiet_machine(_COUNT)
    with machine:
        monitor = machine.monitor
        monitor.apply(Version(2, manifest=_LAZY).build())
        monitor.apply(Version(3, manifest=_LAZY).build())
        two, three = monitor.updates()[-2:]
        # A step that was not taken keeps the older update from being superseded.
        assert (two.state, three.state) == ("active", "active")
        assert (three.unconverted, three.converted) == (_COUNT, 0)
        assert version_of_counters(machine) == {1}
        become_idle(machine)
        two, three = monitor.updates()[-2:]
        assert (two.state, three.state) == ("superseded", "active")
        assert (three.unconverted, three.converted) == (0, _COUNT)
        assert version_of_counters(machine) == {3}
        for reference in references:
            monitor.destroy(reference)


def test_a_revert_of_the_upper_one_shortens_the_chain() -> None:
    machine, references = quiet_machine(_COUNT)
    with machine:
        monitor = machine.monitor
        monitor.apply(Version(2, manifest=_LAZY).build())
        monitor.apply(Version(3, manifest=_LAZY).build())
        monitor.revert("counter_3")
        assert version_of_counters(machine) <= {1, 2}
        assert monitor.updates()[-2].state == "active"
        monitor.revert("counter_2")
        assert version_of_counters(machine) == {1}
        for reference in references:
            monitor.destroy(reference)
        assert [each.name for each in monitor.modules()] == ["allocator_race"]
