"""A program asks for an interface that no class provides: an update is loaded, and the program goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator import Machine
from emulator.abi.mailbox import EventKind, Operation
from emulator.abi.values import text
from emulator.errors import BuildError, GuestError
from emulator.scenario.runner import run_scenario
from emulator.scenario.scenario import load_scenario
from tests.system.machines import kernel, module, ready_machine, written_module

ECHO = """
#include "objects/standard_class.h"

namespace services {

class Echo : public objects::Object {
public:
    virtual kernel::Result<uint64_t> echo(uint64_t what) = 0;
    using Methods = objects::MethodList<&Echo::echo>;

protected:
    ~Echo() = default;
};

class EchoRoot;

class EchoDefault final : public objects::Rep<Echo> {
public:
    static objects::ClassDescriptor descriptor;
    explicit EchoDefault(objects::Root& root) : Rep(root) {}
    kernel::Result<uint64_t> echo(uint64_t what) override { return what; }
};

class EchoRoot final : public objects::SharedRoot<EchoDefault> {
public:
    using InterfaceType = Echo;
};

constinit objects::ClassDescriptor EchoDefault::descriptor
    = objects::standard_class<EchoRoot>("EchoDefault", "Echo", 1);
static const objects::ClassRegistration registration(EchoDefault::descriptor);

}
"""
WELL = ECHO + 'extern "C" kernel::Status module_init() { return {}; }\n'
FAILS = ECHO + 'extern "C" kernel::Status module_init() { return kernel::Code::NO_MEMORY; }\n'


def echo() -> bytes:
    """A module that provides the interface Echo."""
    return written_module("echo", WELL)


def settled(machine: Machine) -> list[str]:
    """The interfaces whose demands are over, as the guest said."""
    events = machine.devices.mailbox.events_since(0)
    return [text(event.values[0]) for event in events if event.kind is EventKind.INTERFACE_SETTLED]


def test_the_update_is_loaded_and_the_program_goes_on() -> None:
    with ready_machine() as machine:
        asked: list[str] = []

        def provide(interface: str) -> list[bytes]:
            asked.append(interface)
            return [echo()]

        machine.monitor.demands.provider = provide
        machine.monitor.commands.run("provide", "Echo")
        assert asked == ["Echo"]
        assert [each.name for each in machine.monitor.modules()] == ["echo"]
        assert "Echo: provided by EchoDefault, version 1\n" in machine.console
        made = machine.monitor.create("EchoDefault")
        assert machine.monitor.object(made).values["kind"] == "Echo"
        assert [record.state for record in machine.monitor.update_records] == ["active"]


def test_what_is_there_already_is_not_asked_for() -> None:
    with ready_machine() as machine:
        machine.monitor.demands.provider = lambda interface: pytest.fail(interface)
        machine.monitor.commands.run("provide", "Counter")
        assert "Counter: provided by " in machine.console


@pytest.mark.parametrize("provider", [None, lambda _interface: []])
def test_without_an_update_the_program_is_told(provider: object) -> None:
    with ready_machine() as machine:
        machine.monitor.demands.provider = provider  # type: ignore[assignment]
        with pytest.raises(GuestError, match="command provide: there is none of that name"):
            machine.monitor.commands.run("provide", "Echo")
        assert machine.monitor.demands.refusals == {"Echo": "no update provides it"}
        assert settled(machine) == ["Echo"]


def test_an_update_that_the_guest_aborts_is_no_help() -> None:
    with ready_machine() as machine:
        machine.monitor.demands.provider = lambda _interface: [written_module("echo", FAILS)]
        with pytest.raises(GuestError, match="command provide: the guest has no memory for it"):
            machine.monitor.commands.run("provide", "Echo")
        assert machine.monitor.modules() == []


def test_an_update_that_brings_something_else_is_no_help() -> None:
    with ready_machine() as machine:
        machine.monitor.demands.provider = lambda _interface: [module("saturating_counter").read_bytes()]
        with pytest.raises(GuestError, match="command provide: there is none of that name"):
            machine.monitor.commands.run("provide", "Echo")


def test_what_the_host_refuses_is_told_with_its_reason() -> None:
    def unbuilt(interface: str) -> list[bytes]:
        raise BuildError(f"{interface} does not build")

    with ready_machine() as machine:
        for provider in (lambda _interface: [b"no module"], unbuilt):
            machine.monitor.demands.provider = provider
            with pytest.raises(GuestError, match="command provide: the guest refuses it"):
                machine.monitor.commands.run("provide", "Echo")
            assert machine.monitor.demands.refusals["Echo"]
        assert machine.monitor.demands.refusals["Echo"] == "Echo does not build"


def test_a_module_that_someone_loads_meanwhile_is_as_good() -> None:
    with ready_machine() as machine:
        monitor = machine.monitor

        def provide(_interface: str) -> list[bytes]:
            # Nothing comes of it: the load that is asked for below is first.
            monitor.start_apply(echo())
            return [module("saturating_counter").read_bytes()]

        monitor.demands.provider = provide
        monitor.commands.run("provide", "Echo")
        assert settled(machine) == ["Echo"]


def test_a_run_with_a_demand_repeats() -> None:
    def run() -> tuple[str, str]:
        with ready_machine() as machine:
            machine.monitor.demands.provider = lambda _interface: [echo()]
            machine.monitor.workload_start("counting")
            machine.run_for(100_000)
            machine.monitor.request(Operation.COMMAND, "provide", "Echo")
            machine.run_for(3_000_000)
            assert settled(machine) == ["Echo"]
            report = machine.report()
            return report.state_hash, report.schedule_digest

    assert run() == run()


def test_a_run_that_is_cut_into_pieces_is_the_same() -> None:
    def run(pieces: int) -> str:
        with ready_machine() as machine:
            machine.monitor.demands.provider = lambda _interface: [echo()]
            machine.monitor.request(Operation.COMMAND, "provide", "Echo")
            for _ in range(pieces):
                machine.run_for(2_000_000 // pieces)
            assert settled(machine) == ["Echo"]
            return machine.report().console

    assert run(1) == run(40)


def test_a_machine_saved_in_the_middle_of_a_load_goes_on() -> None:
    with ready_machine() as machine:
        machine.monitor.demands.provider = lambda _interface: [echo()]
        machine.monitor.request(Operation.COMMAND, "provide", "Echo")
        while not machine.devices.loader.base(1):
            machine.run_for(10_000)
        checkpoint = machine.save()
    with Machine.from_checkpoint(checkpoint, kernel=kernel().path) as machine:
        machine.monitor.demands.provider = lambda _interface: [echo()]
        machine.run_until_console("provided by EchoDefault", 10_000_000)
        assert settled(machine) == ["Echo"]
        assert [each.name for each in machine.monitor.modules()] == ["echo"]


def test_a_scenario_finds_the_update_beside_itself(tmp_path: Path) -> None:
    folder = tmp_path / "echo"
    folder.mkdir()
    (folder / "echo.cpp").write_text(WELL, encoding="utf-8")
    (folder / "update.toml").write_text(
        'name = "echo"\nrevision = 1\nsummary = "A test"\nprovides = ["Echo"]\n', encoding="utf-8"
    )
    (folder / "scenario.toml").write_text(
        '[[step]]\ndo = "boot"\n\n[[step]]\ndo = "command"\nname = "provide"\nwords = "Echo"\n\n'
        '[[step]]\ndo = "expect-console"\ntext = "provided by EchoDefault"\n\n'
        '[[step]]\ndo = "command"\nname = "provide"\nwords = "Nothing"\nfails = "NOT_FOUND"\n',
        encoding="utf-8",
    )
    result = run_scenario(load_scenario(folder / "scenario.toml"), kernel=kernel())
    assert result.exit_code == 0, result.error
