"""What the monitor asks of a running machine."""

from __future__ import annotations

import pytest

from emulator.abi.hypercalls import Stage
from emulator.abi.mailbox import EventKind, Operation
from emulator.abi.values import text
from emulator.devices.mailbox import GuestEvent
from emulator.errors import GuestError, UsageError
from emulator.machine import StopReason, Until
from emulator.monitor import SwapFailed
from tests.system.machines import ready_machine

_LOAD_NS = 200_000


def test_every_cpu_is_listed() -> None:
    with ready_machine(cpus=4) as machine:
        cpus = machine.monitor.cpus()
        assert [cpu.id for cpu in cpus] == [0, 1, 2, 3]
        assert sum(cpu.state == "running" for cpu in cpus) >= 1
        assert {cpu.state for cpu in cpus} <= {"running", "idle"}
        asked = next(cpu for cpu in cpus if cpu.state == "running")
        assert machine.monitor.threads()[0].id <= asked.thread


def test_threads_have_names_places_and_counts() -> None:
    with ready_machine() as machine:
        machine.monitor.workload_start("counting", clients=3)
        machine.run_for(_LOAD_NS)
        clients = [thread for thread in machine.monitor.threads() if thread.name == "client"]
        assert [client.cpu for client in clients] == [0, 1, 0]
        assert sum(client.instructions for client in clients) > _LOAD_NS // 2


def test_well_known_objects_are_listed_and_described() -> None:
    with ready_machine() as machine:
        listed = {item.name: item for item in machine.monitor.objects()}
        assert {"page-allocator", "counter"} <= set(listed)
        by_name = machine.monitor.object("counter")
        by_number = machine.monitor.object(listed["counter"].reference)
        assert by_name == by_number
        assert (by_name.class_name, by_name.state) == (listed["counter"].class_name, "live")
        assert by_name.values["kind"] == "Counter"


@pytest.mark.parametrize("reference", ["nothing", "@1.99", "@99999.1", "@4294967295.4294967295"])
def test_a_reference_to_nothing_is_not_found(reference: str) -> None:
    with ready_machine() as machine, pytest.raises(GuestError) as caught:
        machine.monitor.object(reference)
    assert str(caught.value) == f"object {reference}: there is none of that name in the guest (NOT_FOUND)"


@pytest.mark.parametrize("reference", ["@", "@1", "@1.", "@.1", "@x.y", "@1.1x", "@4294967296.1", "@-1.1"])
def test_a_reference_that_is_none_is_refused(reference: str) -> None:
    with ready_machine() as machine, pytest.raises(GuestError, match="refused the arguments"):
        machine.monitor.object(reference)


def test_classes_have_versions_and_instances() -> None:
    with ready_machine() as machine:
        classes = {item.name: item for item in machine.monitor.classes()}
        assert classes["SharedCounter"].instances + classes["PartitionedCounter"].instances == 1
        assert all(item.module == 0 for item in classes.values())


def test_objects_are_made_and_destroyed() -> None:
    with ready_machine() as machine:
        monitor = machine.monitor
        before = {item.tag: item for item in monitor.memory()}
        reference = monitor.create("SharedCounter")
        assert monitor.object(reference).class_name == "SharedCounter"
        monitor.destroy(reference)
        with pytest.raises(GuestError, match="NOT_FOUND"):
            monitor.object(reference)
        monitor.drain()
        after = {item.tag: item for item in monitor.memory()}
        assert after["object"] == before["object"]


def test_an_entry_that_is_used_again_has_another_reference() -> None:
    with ready_machine() as machine:
        first = machine.monitor.create("SharedCounter")
        machine.monitor.destroy(first)
        machine.monitor.drain()
        second = machine.monitor.create("SharedCounter")
        assert first.partition(".")[0] == second.partition(".")[0]
        assert first != second


def test_what_others_rely_on_is_not_destroyed() -> None:
    with ready_machine() as machine:
        with pytest.raises(GuestError, match="REFUSED"):
            machine.monitor.destroy("page-allocator")
        assert machine.monitor.object("page-allocator").state == "live"


def test_an_unknown_class_is_not_found() -> None:
    with ready_machine() as machine, pytest.raises(GuestError, match="create Nothing: there is none"):
        machine.monitor.create("Nothing")


def test_draining_gets_done_under_full_load() -> None:
    with ready_machine() as machine:
        before = machine.monitor.objects()
        machine.monitor.workload_start("counting", clients=4)
        before = machine.monitor.objects()
        machine.monitor.destroy(machine.monitor.create("SharedCounter"))
        machine.monitor.drain()
        assert machine.monitor.objects() == before


def test_a_watched_object_counts_calls_by_method() -> None:
    with ready_machine() as machine:
        monitor = machine.monitor
        monitor.workload_start("counting")
        monitor.watch("counter")
        assert monitor.object("counter").state == "watched"
        before = monitor.workload_status("counting").operations
        machine.run_for(_LOAD_NS)
        done = monitor.workload_status("counting").operations - before
        counts = {count.name: count for count in monitor.watch_counts("counter")}
        assert counts["increment"].calls >= done > 100
        assert counts["increment"].instructions > 10 * counts["increment"].calls
        last = {count.name: count.calls for count in monitor.unwatch("counter")}
        assert last["increment"] >= counts["increment"].calls
        assert monitor.object("counter").state == "live"


def test_an_object_is_watched_once() -> None:
    with ready_machine() as machine:
        machine.monitor.watch("counter")
        with pytest.raises(GuestError, match="watch counter: it is in use"):
            machine.monitor.watch("counter")
        machine.monitor.unwatch("counter")
        with pytest.raises(GuestError, match="NOT_FOUND"):
            machine.monitor.unwatch("counter")


def test_a_watch_outlives_its_object() -> None:
    with ready_machine() as machine:
        reference = machine.monitor.create("SharedCounter")
        machine.monitor.watch(reference)
        machine.monitor.destroy(reference)
        machine.monitor.drain()
        assert machine.monitor.unwatch(reference) == []


def test_counted_threads_are_shown_with_the_object_they_are_in() -> None:
    """Looked at often enough, some client is met inside the counter, which an arbiter tracks."""
    with ready_machine() as machine:
        assert machine.monitor.stalled() == []
        machine.monitor.workload_start("counting")
        machine.monitor.watch("counter")
        seen = []
        for step in range(500):
            # Of changing length, so as not to come by always at the same place of the clients' loops.
            machine.run_for(1_003 + step * 811 % 20_011)
            seen += machine.monitor.stalled()
            if {each.reference for each in seen} >= {"", "counter"}:
                break
        assert {"client"} <= {each.name for each in seen} <= {"client", "reaper"}
        assert {each.reference for each in seen} == {"", "counter"}
        assert all(0 < each.since_ns <= max(cpu.time for cpu in machine.cpus) for each in seen)


def test_a_thread_that_is_stuck_in_a_service_is_shown_there() -> None:
    increment = "services::v1::PartitionedCounter::increment"
    with ready_machine(cpus=1) as machine:
        machine.monitor.workload_start("counting")
        assert machine.run(Until(cpu=0, address=machine.symbols.address(increment))).reached
        client = machine.cpus[0].thread
        machine.monitor.hold_thread(client)
        (stalled,) = (each for each in machine.monitor.stalled() if each.thread == client)
        assert (stalled.name, stalled.reference, stalled.inside) == ("client", "", f"{increment}()")


def test_a_swap_is_followed_from_forward_to_complete() -> None:
    with ready_machine() as machine:
        monitor = machine.monitor
        monitor.workload_start("counting")
        machine.run_for(_LOAD_NS)
        # How many calls start while a swap is in forward is up to the schedule: there and back until some do.
        for name in ("SharedCounter", "PartitionedCounter") * 4:
            record = monitor.swap("counter", name)
            assert record.completed
            assert record == monitor.swap_records[-1]
            if record.calls_forwarded:
                break
        assert [phase.name for phase in record.phases if phase.cpu == 0] == [
            "forward", "block", "transfer", "complete",
        ]  # fmt: skip
        assert all(phase.start_ns <= phase.end_ns for phase in record.phases)
        assert record.calls_forwarded > 0
        operations = [sample.operations for sample in record.workload]
        assert operations == sorted(operations)
        assert operations[-1] > operations[0] > 0
        assert monitor.object("counter").class_name == name == record.new_class
        monitor.workload_stop("counting")
        status = monitor.workload_wait("counting")
        assert (status.running, status.errors) == (0, 0)


def test_a_swap_for_another_kind_is_refused() -> None:
    with ready_machine() as machine:
        with pytest.raises(GuestError, match="refused the arguments"):
            machine.monitor.swap("counter", "PageAllocatorKernPinned")
        assert machine.monitor.swap_records == []


def test_a_swap_is_aborted_before_it_commits() -> None:
    with ready_machine() as machine:
        monitor = machine.monitor
        monitor.workload_start("counting")
        machine.run_for(_LOAD_NS)
        before = monitor.object("counter").class_name
        other = "SharedCounter" if before == "PartitionedCounter" else "PartitionedCounter"
        swap = monitor.start_swap("counter", other)
        monitor.abort_swap(swap)
        assert monitor.finish_swap(swap).outcome == "cancelled"
        assert monitor.object("counter").class_name == before
        with pytest.raises(GuestError, match="NOT_FOUND"):
            monitor.abort_swap(swap)
        monitor.workload_stop("counting")
        assert monitor.workload_wait("counting").errors == 0


def test_a_swap_that_fails_raises_with_its_record() -> None:
    with ready_machine() as machine:
        monitor = machine.monitor
        reference = monitor.create("SharedCounter")
        monitor.request(Operation.DESTROY, reference)
        with pytest.raises((SwapFailed, GuestError)) as caught:
            monitor.swap(reference, "PartitionedCounter")
        assert reference in str(caught.value)


def test_the_machine_stops_at_an_event() -> None:
    def blocks(event: GuestEvent) -> bool:
        return text(event.values[3]) == "block"

    with ready_machine() as machine:
        machine.monitor.workload_start("counting")
        machine.monitor.request(Operation.SWAP, "counter", "SharedCounter")
        stop = machine.run_until_event(EventKind.SWAP_BEGAN, 50_000_000, blocks)
        assert stop.reached
        assert machine.monitor.swap_records[-1].running
        assert machine.monitor.object("counter").state.startswith(("swapping", "live"))


def test_a_workload_ends_after_its_operations() -> None:
    with ready_machine() as machine:
        assert "counting" in machine.monitor.workloads()
        machine.monitor.workload_start("counting", clients=2, operations=50)
        status = machine.monitor.workload_wait("counting")
        assert (status.operations, status.errors, status.running) == (100, 0, 0)
        assert len(status.longest_gap_ns) == 2
        assert [mark.stage for mark in machine.stages[-2:]] == [Stage.WORKLOAD_STARTED, Stage.WORKLOAD_ENDED]


@pytest.mark.parametrize(
    ("name", "parameters", "word"),
    [
        ("nothing", {}, "NOT_FOUND"),
        ("counting", {"colour": 3}, "INVALID"),
        ("counting", {"clients": 1000}, "INVALID"),
    ],
)
def test_a_workload_that_cannot_be_started_is_refused(
    name: str, parameters: dict[str, int], word: str
) -> None:
    with ready_machine() as machine, pytest.raises(GuestError, match=word):
        machine.monitor.workload_start(name, **parameters)


def test_a_held_thread_stays_counted_and_goes_on_when_released() -> None:
    with ready_machine() as machine:
        monitor = machine.monitor
        monitor.workload_start("counting", clients=1)
        machine.run_for(_LOAD_NS)
        client = next(thread.id for thread in monitor.threads() if thread.name == "client")
        monitor.hold_thread(client)
        held = next(thread for thread in monitor.threads() if thread.id == client)
        machine.run_for(_LOAD_NS)
        later = next(thread for thread in monitor.threads() if thread.id == client)
        assert (held.state, later.instructions) == ("held", held.instructions)
        monitor.release_thread(client)
        machine.run_for(_LOAD_NS)
        last = next(thread for thread in monitor.threads() if thread.id == client)
        assert last.instructions > held.instructions


def test_threads_that_do_not_exist_are_not_found() -> None:
    with ready_machine() as machine:
        for request in (
            machine.monitor.hold_thread,
            machine.monitor.release_thread,
            machine.monitor.backtrace,
        ):
            with pytest.raises(GuestError, match="NOT_FOUND"):
                request(9999)


def test_the_backtrace_of_a_blocked_thread_reaches_its_start() -> None:
    with ready_machine() as machine:
        loader = next(thread.id for thread in machine.monitor.threads() if thread.name == "loader")
        symbols = [frame.location.symbol for frame in machine.monitor.backtrace(loader)]
        assert any("Loader::run" in symbol for symbol in symbols)
        assert symbols[-1] == "thread_start"


def test_the_backtrace_of_a_cpu_asks_nobody() -> None:
    with ready_machine() as machine:
        before = machine.hardware.state_hash()
        symbols = [frame.location.symbol for frame in machine.monitor.cpu_backtrace(1)]
        assert any("idle_loop" in symbol for symbol in symbols)
        assert machine.hardware.state_hash() == before
        with pytest.raises(UsageError, match="CPU 2: there are 2"):
            machine.monitor.cpu_backtrace(2)


def test_code_can_be_read_and_written() -> None:
    with ready_machine() as machine:
        first, second = machine.monitor.disassemble("kernel::power_off", 2)
        assert second.address == first.address + 4
        code = machine.monitor.assemble("kernel::power_off", "nop; trap")
        assert len(code) == 8
        assert [line.text for line in machine.monitor.disassemble("kernel::power_off", 2)] == ["nop", "trap"]
        with pytest.raises(UsageError, match="is not mapped"):
            machine.monitor.disassemble(0, 1)


def test_a_request_can_be_posted_without_waiting() -> None:
    with ready_machine() as machine:
        request = machine.monitor.request(Operation.PING, 5, "x")
        assert machine.monitor.reply(request) is None
        assert machine.run_for(1_000_000).reason in (StopReason.DEADLINE, StopReason.IDLE)
        reply = machine.monitor.reply(request)
        assert reply is not None
        assert reply.values == [5, "x"]


def test_a_guest_that_is_off_does_not_answer() -> None:
    with ready_machine() as machine:
        machine.monitor.power_off()
        with pytest.raises(GuestError, match="ping: the guest is off"):
            machine.monitor.ping()
