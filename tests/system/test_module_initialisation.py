"""What a module runs when it is loaded: constructors, annotated functions in order, then its entry."""

from __future__ import annotations

import pytest

from emulator.errors import GuestError
from tests.system.machines import ready_machine, written_module

BODY = """
#include "kernel/init.h"
#include "kernel/print.h"

struct Constructed { Constructed() { kernel::print("ran: constructor"); } };
static Constructed constructed;

static kernel::Status services() { kernel::print("ran: services"); return {}; }
static kernel::Status objects_b() { kernel::print("ran: objects b"); return OUTCOME; }
static kernel::Status objects_a() { kernel::print("ran: objects a"); return {}; }

#define ANNOTATED [[gnu::section("init_functions"), gnu::used]] constexpr kernel::InitFunction
namespace {
ANNOTATED third{kernel::InitStage::Services, "a", services};
ANNOTATED second{kernel::InitStage::Objects, "b", objects_b};
ANNOTATED first{kernel::InitStage::Objects, "a", objects_a};
}

extern "C" kernel::Status module_init() { kernel::print("ran: entry"); return {}; }
"""


def ran(console: str) -> list[str]:
    return [line.removeprefix("ran: ") for line in console.splitlines() if line.startswith("ran: ")]


def test_everything_runs_in_its_order() -> None:
    with ready_machine() as machine:
        machine.monitor.apply(written_module("ordered", BODY.replace("OUTCOME", "{}")))
        assert ran(machine.console) == ["constructor", "objects a", "objects b", "services", "entry"]


def test_the_first_failure_ends_it_and_leaves_no_module() -> None:
    with ready_machine() as machine:
        body = BODY.replace("OUTCOME", "kernel::Code::NO_MEMORY")
        with pytest.raises(GuestError, match="update failing aborted: no memory"):
            machine.monitor.apply(written_module("failing", body))
        assert ran(machine.console) == ["constructor", "objects a", "objects b"]
        assert machine.monitor.modules() == []
