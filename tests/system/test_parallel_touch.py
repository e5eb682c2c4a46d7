"""The clients of parallel-touch share a region, which the last of them to leave gives back."""

from __future__ import annotations

from typing import Final

from emulator.abi.mailbox import Operation
from emulator.machine import Directive, DirectiveKind
from tests.system.machines import ready_machine

ALONE: Final = 1_500_000
"""Instructions of one CPU, enough for its client to end."""


def test_a_client_may_come_when_the_other_has_left() -> None:
    with ready_machine() as machine:
        machine.monitor.request(
            Operation.WORKLOAD_START, "parallel-touch", [["clients", 2], ["operations", 1]]
        )
        machine.hardware.direct([Directive(DirectiveKind.RUN, cpu=0, amount=ALONE)])
        machine.run_for(3_000_000)
        status = machine.monitor.workload_wait("parallel-touch")
        assert (status.operations, status.errors) == (2, 0)
