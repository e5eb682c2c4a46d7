"""Section 6.4: every cache of anonymous memory gets another interface and an adaptor; the regions follow."""

from __future__ import annotations

from typing import Any, Final

import pytest

from emulator.errors import GuestError
from emulator.scenario.runner import run_scenario
from emulator.scenario.scenario import load_scenario
from tests.system.machines import kernel, ready_machine
from toolchain.module import build_update
from toolchain.paths import installation

FOLDER: Final = installation().updates / "fcm_interface"
LOAD_NS: Final = 1_000_000


def test_under_the_job_mix_there_and_back() -> None:
    result = run_scenario(load_scenario(FOLDER / "scenario.toml").with_control(False), kernel=kernel())
    assert result.error is None
    assert result.workload["errors"] == 0
    states = {update["name"]: update["state"] for update in result.updates}
    assert states["fcm_callers"] == "unloaded"
    looks: list[Any] = [step.values["rows"] for step in result.steps if step.do == "look"]
    for (plan,) in looks:
        assert (plan["what"], plan["offers"], plan["leads_to"]) == ("FCMDefault", "FileCache", "FileCache/2")
        assert plan["stays"] == "permanent" and plan["adaptors"] > 0
        assert [caller["name"] for caller in plan["caller_classes"]] == ["RegionDefault", "PMLeaf", "PMRoot"]


def test_callers_go_back_after_the_class_only() -> None:
    modules = [built.path for built in build_update(FOLDER, kernel())]
    with ready_machine() as machine:
        monitor = machine.monitor
        monitor.workload_start("paging")
        for module in modules:
            monitor.apply(module)
        machine.run_for(LOAD_NS)
        (plan,) = monitor.adaptor_plans()
        assert plan.what == "FCMDefault" and plan.stays == "permanent"
        update = next(each for each in monitor.updates() if each.name == "fcm_callers")
        assert update.state == "active"
        with pytest.raises(GuestError, match="has to be reverted first"):
            monitor.revert("fcm_callers")
        assert monitor.revert("fcm_interface").state in ("reverted", "unloaded")
        machine.run_for(LOAD_NS)
        assert monitor.revert("fcm_callers").state in ("reverted", "unloaded")
        monitor.workload_stop("paging")
        assert monitor.workload_status("paging").errors == 0
