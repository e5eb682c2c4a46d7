"""A run of several experiments."""

from __future__ import annotations

from emulator.bench.experiment import Setting
from emulator.bench.run import run_suite
from tests.bench.findings_of_all_sorts import FINDINGS, experiment
from tests.system.machines import ready_machine


def test_one_that_fails_leaves_the_others_alone() -> None:
    told: list[tuple[str, str]] = []
    suite = [experiment("a"), experiment("b", broken=True), experiment("c")]
    run = run_suite(suite, Setting(), lambda *part: told.append(part))
    assert [each.error for each in run.outcomes] == ["", "the guest panicked", ""]
    assert [each.findings for each in run.outcomes if not each.error] == [FINDINGS, FINDINGS]
    assert run.failed == [run.outcomes[1]]
    assert told == [("a", "first"), ("a", "second"), ("b", "only"), ("c", "first"), ("c", "second")]


def test_it_says_which_kernel_was_measured() -> None:
    with ready_machine() as machine:
        assert run_suite([experiment()], Setting(), lambda *_: None).kernel == machine.build_id
