"""Commands and in-guest tests that modules bring: found, run, and gone with their module."""

from __future__ import annotations

import pytest

from emulator.errors import GuestError
from tests.system.machines import module, ready_machine, written_module

BODY = """
#include "kernel/clock.h"
#include "kernel/command.h"
#include "kernel/print.h"
#include "kernel/test.h"
#include "kernel/thread.h"

static kernel::Command say{"say", "prints its words", [](const char* words) {
    kernel::print("said: %s", words);
    return kernel::Status();
}};
static kernel::Command refuse{"refuse", "fails", [](const char*) {
    return kernel::Status(kernel::Code::REFUSED);
}};
static kernel::Command doze{"doze", "takes 10 ms", [](const char*) {
    kernel::sleep_until(kernel::now_ns() + 10 * kernel::millisecond);
    kernel::print("slept");
    return kernel::Status();
}};
static kernel::Test well{"sample.well", [] { EXPECT(1 + 1 == 2); }};
static kernel::Test ill{"sample.ill", [] { EXPECT(1 + 1 == 3); }};
static kernel::Test other{"other.well", [] {}};
extern "C" kernel::Status module_init() { return {}; }
"""


def test_commands_are_listed_with_their_module_and_run() -> None:
    with ready_machine() as machine:
        commands = machine.monitor.commands
        before = commands.all()
        loaded = machine.monitor.apply(written_module("sample", BODY)).module
        added = [command for command in commands.all() if command not in before]
        assert [(command.name, command.module) for command in added] == [
            ("doze", loaded),
            ("refuse", loaded),
            ("say", loaded),
        ]
        commands.run("say", "one two")
        assert "said: one two\n" in machine.console
        machine.monitor.unload("sample")
        assert commands.all() == before


def test_a_command_that_fails_says_why() -> None:
    with ready_machine() as machine:
        machine.monitor.apply(written_module("sample", BODY))
        with pytest.raises(GuestError, match="command refuse: the guest refuses it in its present state"):
            machine.monitor.commands.run("refuse")


def test_a_command_that_nobody_brought_is_not_found() -> None:
    with ready_machine() as machine, pytest.raises(GuestError, match="command nothing: there is none"):
        machine.monitor.commands.run("nothing")


def test_a_module_stays_while_its_command_runs() -> None:
    from emulator.abi.mailbox import Operation

    with ready_machine() as machine:
        machine.monitor.apply(written_module("sample", BODY))
        machine.monitor.request(Operation.COMMAND, "doze", "")
        machine.run_for(1_000_000)
        with pytest.raises(GuestError, match="unload sample: it is still in use"):
            machine.monitor.unload("sample")
        machine.run_until_console("slept", 20_000_000)
        machine.monitor.unload("sample")


def test_two_commands_of_one_name_are_refused_and_leave_nothing() -> None:
    with ready_machine() as machine:
        commands = machine.monitor.commands
        machine.monitor.apply(written_module("sample", BODY))
        before = commands.all()
        twin = BODY[: BODY.index("static kernel::Command refuse")].replace("prints its words", "another")
        twin += 'extern "C" kernel::Status module_init() { return {}; }'
        with pytest.raises(GuestError, match="update twin aborted"):
            machine.monitor.apply(written_module("twin", twin))
        assert commands.all() == before
        assert [each.name for each in machine.monitor.modules()] == ["sample"]


def test_tests_of_a_module_run_by_prefix_and_say_what_failed() -> None:
    with ready_machine() as machine:
        machine.monitor.apply(written_module("sample", BODY))
        outcomes = machine.monitor.commands.run_tests("sample.")
        assert [outcome.name for outcome in outcomes] == ["sample.ill", "sample.well"]
        assert outcomes[0].failure.endswith("1 + 1 == 3")
        assert outcomes[1].failure == ""
        assert "test sample.well ok\n" in machine.console
        machine.monitor.unload("sample")
        assert machine.monitor.commands.run_tests("sample.") == []


def test_tests_of_the_kernel_are_left_alone() -> None:
    with ready_machine() as machine:
        assert machine.monitor.commands.run_tests("heap.") == []


def test_a_shipped_update_brings_tests_that_pass() -> None:
    with ready_machine() as machine:
        machine.monitor.apply(module("traced_counter"))
        outcomes = machine.monitor.commands.run_tests("traced_counter.")
        assert [(outcome.name, outcome.failure) for outcome in outcomes] == [
            ("traced_counter.counts_up_and_down", ""),
            ("traced_counter.is_the_kernels_counter", ""),
        ]
