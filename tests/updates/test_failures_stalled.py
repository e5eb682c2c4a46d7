"""A client that does not come out of an object: the update cancels itself in time and names it."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest

from emulator.machine import Until
from tests.updates.broken import Fault, broken
from tests.updates.failures import FCM_UNMAP, FILE_SYNC, Subject, bench, control

_HELD_IN: Final = {
    # No generation passes meanwhile, so that many references are needed.
    replace(FCM_UNMAP, load=("paging",), kept=200): "services::v1::FCMDefault::map_page",
    replace(FILE_SYNC, load=("paging",), kept=200): "services::v1::FCMFile::sync",
}
_EDITS: Final = (("::descriptor);\n}", "::descriptor, {.step_limit_ns = 20'000'000});\n}"),)
_LIMIT_NS: Final = 500_000_000


@pytest.mark.parametrize("subject", _HELD_IN, ids=str)
def test_time_limit(subject: Subject) -> None:
    with bench(subject) as loaded:
        machine, monitor = loaded.machine, loaded.machine.monitor
        inside = machine.symbols.address(_HELD_IN[subject])
        assert machine.run(Until(cpu=0, address=inside)).reached
        client = machine.cpus[0].thread
        monitor.hold_thread(client)
        load = monitor.start_apply(broken(subject, Fault(edits=_EDITS)))
        end = machine.virtual_ns + _LIMIT_NS
        while not any(each.stalled for each in monitor.update_records):
            machine.run_for(5_000_000)
            assert machine.virtual_ns < end
        record = next(each for each in monitor.update_records if each.stalled)
        stalled = [each for each in record.stalled if each.thread == client]
        assert [each.name for each in stalled] == ["client"]
        stack = [str(machine.symbols.locate(address)) for address in stalled[0].stack]
        assert any(_HELD_IN[subject] in place for place in stack), stack
        monitor.release_thread(client)
        outcome = loaded.outcome(load)
        assert (outcome.state, outcome.reason) == ("aborted", "timed_out")
        loaded.expect_old_version(control(subject))
