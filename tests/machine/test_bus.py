"""Devices on the bus: pages, sizes, time, events, failures."""

import pytest

from emulator.abi.devices import DevicePage
from emulator.errors import UsageError
from emulator.machine import BusFault, Device, Event, Platform, StopReason, Until
from tests.machine.program import ENTRY, Bench, hypercall, open_bench

BASE = "lis 10, 0x8000; ori 10, 10, 0x3000; rldicl 10, 10, 0, 32;"


class Recorder(Device):
    """Notes accesses with their time; register 8 asks for an event, 16 has no reader, 24 fails like a bug."""

    def __init__(self, name: str = "recorder", page: int = DevicePage.DISK) -> None:
        self.name, self.page = name, page
        self.accesses: list[tuple[str, int, int, int, int]] = []
        self.events: list[Event] = []
        self.platform: Platform

    def attach(self, platform: Platform) -> None:
        self.platform = platform

    def read(self, cpu: int, offset: int, size: int) -> int:
        if offset == 24:
            raise ZeroDivisionError("a bug of a device")
        if offset not in (0, 8) or size != 8:
            raise BusFault("no such register")
        self.accesses.append(("read", cpu, offset, size, self.platform.now()))
        return 0x1122_3344_5566_7788

    def write(self, cpu: int, offset: int, size: int, value: int) -> None:
        if offset not in (0, 8) or size != 8:
            raise BusFault("no such register")
        self.accesses.append(("write", cpu, offset, value, self.platform.now()))
        if offset == 8:
            self.platform.schedule(self, value, 5, value, 2)

    def event(self, event: Event) -> None:
        self.events.append(event)

    def get_state(self) -> bytes:
        return b""

    def set_state(self, state: bytes) -> None:
        assert state == b""


def with_recorder(cpus: int = 1) -> tuple[Bench, Recorder]:
    bench, recorder = open_bench(cpus), Recorder()
    bench.hardware.attach(recorder)
    return bench, recorder


def test_eight_bytes_arrive_as_one_access_at_the_exact_time() -> None:
    bench, recorder = with_recorder()
    bench.run(BASE + "ld 5, 0(10); li 6, -2; std 6, 0(10); ldx 7, 0, 10; stdx 7, 0, 10;")
    assert recorder.accesses == [
        ("read", 0, 0, 8, 4),
        ("write", 0, 0, (1 << 64) - 2, 6),
        ("read", 0, 0, 8, 7),
        ("write", 0, 0, 0x1122_3344_5566_7788, 8),
    ]
    assert bench["r5"] == bench["r7"] == 0x1122_3344_5566_7788


@pytest.mark.parametrize(
    "source", ["ld 6, 16(10);", "ld 6, 4(10);", "lwz 6, 0(10);", "lhz 6, 0(10);", "lbz 6, 7(10);"]
)
def test_a_refused_load_is_precise(source: str) -> None:
    bench, recorder = with_recorder()
    bench.run(BASE + "li 6, 77;" + source + "li 7, 1;")
    assert bench.exceptions == [(0, 0x200)]
    assert bench["srr0"] == ENTRY + 16
    assert (bench["r6"], bench["r7"]) == (77, 0)
    assert recorder.accesses == []
    assert bench.hardware.cpus[0].instructions == 4 + 3


@pytest.mark.parametrize(
    "source", ["std 6, 16(10);", "std 6, 4(10);", "stw 6, 0(10);", "stw 6, 4(10);", "stb 6, 7(10);"]
)
def test_a_refused_store_names_itself(source: str) -> None:
    bench, recorder = with_recorder()
    bench.run("mfmsr 5; ori 5, 5, 2; mtmsrd 5;" + BASE + "li 6, 77;" + source + "li 7, 1;")
    assert bench.exceptions == [(0, 0x200)]
    assert bench["srr0"] == ENTRY + 7 * 4
    assert bench["dar"] & ~7 in (0x8000_3000, 0x8000_3010)
    assert recorder.accesses == []
    # If what follows the store in its block was executed, it says that there is no way back.
    assert (bench["r7"] == 1) == (bench["srr1"] & 2 == 0)


def test_an_event_comes_at_its_time() -> None:
    bench, recorder = with_recorder()
    bench.run(BASE + "li 6, 3000; std 6, 8(10); again: addi 7, 7, 1; cmpdi 7, 5000; blt again;")
    ((_, _, _, _, asked),) = recorder.accesses
    assert recorder.events == [Event(asked + 3000, 1, "recorder", 5, (3000, 2))]


def test_events_of_one_time_come_in_the_order_of_their_making() -> None:
    bench, recorder = with_recorder()
    for value in (1, 2, 3):
        bench.hardware.bus.schedule(recorder, 500, value)
    bench.hardware.bus.cancel(2)
    bench.run("again: addi 7, 7, 1; cmpdi 7, 5000; blt again;")
    assert [event.kind for event in recorder.events] == [1, 3]


def test_a_sleeping_machine_goes_to_the_next_event() -> None:
    bench, recorder = with_recorder()
    bench.hardware.bus.schedule(recorder, 1_000_000, 9)
    stop = bench.run(hypercall(2))
    assert stop.reason is StopReason.IDLE
    assert recorder.events[0].time == 1_000_000
    assert bench.hardware.time == 1_000_000


def test_a_bug_of_a_device_is_an_engine_fault() -> None:
    bench, _ = with_recorder()
    stop = bench.run(BASE + "ld 5, 24(10);")
    assert stop.reason is StopReason.ENGINE_FAULT
    assert stop.message == "ZeroDivisionError: a bug of a device"


def test_a_bug_of_a_hypercall_is_an_engine_fault() -> None:
    bench = open_bench()

    def fail(_cpu: int, _number: int, _arguments: tuple[int, ...]) -> tuple[int, int]:
        raise KeyError("mailbox")

    bench.hardware.on_hypercall = fail
    stop = bench.run(hypercall(16))
    assert (stop.reason, stop.message) == (StopReason.ENGINE_FAULT, "KeyError: 'mailbox'")


def test_an_interrupt_from_the_keyboard_comes_through() -> None:
    bench = open_bench()

    def interrupt(_cpu: int, _number: int, _arguments: tuple[int, ...]) -> tuple[int, int]:
        raise KeyboardInterrupt

    bench.hardware.on_hypercall = interrupt
    with pytest.raises(KeyboardInterrupt):
        bench.run(hypercall(16))


@pytest.mark.parametrize("page", [DevicePage.INTERRUPTS, DevicePage.DISK, 7, -1])
def test_a_page_that_cannot_be_had(page: int) -> None:
    bench, _ = with_recorder()
    with pytest.raises(UsageError, match=r"device other: page -?\d does not exist or is taken"):
        bench.hardware.attach(Recorder("other", page))


def test_memory_ends_where_it_ends() -> None:
    bench = open_bench()
    memory = bench.hardware.memory
    memory.write(memory.size - 8, b"12345678")
    assert memory.read_word(memory.size - 8) == int.from_bytes(b"12345678", "big")
    for physical, size in ((memory.size - 7, 8), (memory.size, 1), (-1, 1)):
        with pytest.raises(BusFault):
            memory.read(physical, size)


def test_stopping_on_request_does_not_lose_instructions() -> None:
    bench = open_bench()

    def ready(_cpu: int, _number: int, _arguments: tuple[int, ...]) -> tuple[int, int]:
        bench.hardware.stop(StopReason.READY)
        return 0, 0

    bench.hardware.on_hypercall = ready
    bench.load(hypercall(16) + "mfmsr 5; li 6, 3;" + hypercall(16) + "li 7, 4; b .")
    bench.hardware.cpus[0].start(ENTRY, 0)
    first = bench.hardware.run()
    assert (first.reason, bench.hardware.cpus[0].instructions) == (StopReason.READY, 2)
    second = bench.hardware.run()
    assert (second.reason, bench.hardware.cpus[0].instructions, bench["r6"]) == (StopReason.READY, 6, 3)
    third = bench.hardware.run(Until(cpu=0, instructions=7))
    assert (third.reached, bench["r7"]) == (True, 4)


def test_an_instruction_count_of_the_past_is_reached_at_once() -> None:
    bench = open_bench()
    bench.run("nop; nop;")
    for goal in (0, 4):
        stop = bench.hardware.run(Until(cpu=0, instructions=goal))
        assert stop.reached
        assert bench.hardware.cpus[0].instructions == 4
