"""The module loader's handshake."""

import dataclasses
from collections.abc import Callable

import pytest

from emulator.abi.devices import Line
from emulator.abi.loader import (
    LOAD_PLACEMENT_RECORD,
    LOAD_REQUEST_RECORD,
    LOAD_RESULT_RECORD,
    LoaderRegister,
    LoaderState,
)
from emulator.abi.memory_map import MODULE_BASE, PAGE_SIZE
from emulator.abi.status import Code
from emulator.devices.loader import COPY_PAGE_NS, ModuleImage, ModuleLoader
from emulator.errors import ModuleError, UsageError
from emulator.machine.device import BusFault
from tests.devices.fake_platform import FakePlatform

RECORD, FRAME_LIST = 0x1000, 0x2000
FRAMES = [0x30000, 0x10000, 0x50000, 0x20000]
IMAGE = ModuleImage(
    key="module-1", name="fix", text_size=PAGE_SIZE + 8, rodata_size=5, data_size=100, entry=16, time_limit=9
)


class FixedSource:
    """Relocates by writing the bases into each segment."""

    def __init__(self, refusal: str = "") -> None:
        self.refusal = refusal

    def relocate(self, key: str, bases: tuple[int, int, int]) -> tuple[bytes, bytes, bytes]:
        if self.refusal:
            raise ModuleError(self.refusal)
        text = bases[0].to_bytes(8, "big") + b"T" * PAGE_SIZE
        return text, b"const", bases[2].to_bytes(8, "big") + key.encode()


class Guest:
    """Plays the guest's driver."""

    def __init__(self, source: FixedSource | None = None) -> None:
        self.loader, self.platform = ModuleLoader(source or FixedSource()), FakePlatform()
        self.loader.attach(self.platform)
        self.loader.write(0, LoaderRegister.CONTROL, 8, 1)

    @property
    def line(self) -> bool:
        return self.platform.lines[Line.LOADER]

    def take(self) -> int:
        self.loader.write(0, LoaderRegister.TAKE, 8, RECORD)
        data = self.platform.read_memory(RECORD, LOAD_REQUEST_RECORD.size)
        return LOAD_REQUEST_RECORD.unpack(data).number("id")

    def place(self, load: int, base: int = MODULE_BASE, pages: int = len(FRAMES)) -> None:
        frame_list = b"".join(frame.to_bytes(8, "big") for frame in FRAMES)
        self.platform.write_memory(FRAME_LIST, frame_list)
        record = LOAD_PLACEMENT_RECORD.pack(id=load, base=base, frames=FRAME_LIST, pages=pages)
        self.platform.write_memory(RECORD, record)
        self.loader.write(0, LoaderRegister.PLACE, 8, RECORD)

    def finish(self, load: int, **fields: int | str) -> None:
        self.platform.write_memory(RECORD, LOAD_RESULT_RECORD.pack(id=load, **fields))
        self.loader.write(0, LoaderRegister.FINISH, 8, RECORD)

    def pass_time(self) -> None:
        self.platform.run_until(self.platform.time + COPY_PAGE_NS * len(FRAMES))


def test_a_module_gets_into_the_frames_that_the_guest_gave() -> None:
    guest = Guest()
    load = guest.loader.load(IMAGE)
    assert guest.line
    assert guest.take() == load
    assert not guest.line
    guest.place(load)
    assert guest.loader.state == LoaderState.PLACED
    assert guest.loader.base(load) == MODULE_BASE
    guest.pass_time()
    assert guest.loader.state == LoaderState.STAGED
    assert guest.line
    pages = [guest.platform.read_memory(frame, PAGE_SIZE) for frame in FRAMES]
    assert pages[0] == MODULE_BASE.to_bytes(8, "big") + b"T" * (PAGE_SIZE - 8)
    assert pages[1] == (b"T" * 8).ljust(PAGE_SIZE, b"\0")
    assert pages[2] == b"const".ljust(PAGE_SIZE, b"\0")
    data_base = MODULE_BASE + 3 * PAGE_SIZE
    assert pages[3] == (data_base.to_bytes(8, "big") + b"module-1").ljust(PAGE_SIZE, b"\0")
    assert sorted(guest.platform.invalidated) == sorted((frame, PAGE_SIZE) for frame in FRAMES)


def test_the_request_says_all_that_the_guest_must_know() -> None:
    guest = Guest()
    load = guest.loader.load(IMAGE)
    guest.take()
    record = LOAD_REQUEST_RECORD.unpack(guest.platform.read_memory(RECORD, LOAD_REQUEST_RECORD.size))
    assert record.text("name") == "fix"
    names = ("id", "text_size", "rodata_size", "data_size", "entry", "time_limit")
    assert [record.number(name) for name in names] == [load, PAGE_SIZE + 8, 5, 100, 16, 9]


def test_the_guest_says_how_it_ended() -> None:
    guest = Guest()
    load = guest.loader.load(IMAGE)
    guest.place(guest.take())
    guest.pass_time()
    assert guest.loader.outcome(load) is None
    guest.finish(load, code=int(Code.FAULT), vector=0x300, address=MODULE_BASE + 4, data_address=8, value=-3)
    outcome = guest.loader.outcome(load)
    assert outcome is not None
    assert (outcome.code, outcome.vector, outcome.address) == (Code.FAULT, 0x300, MODULE_BASE + 4)
    assert (outcome.data_address, outcome.value, outcome.base) == (8, -3, MODULE_BASE)
    assert guest.loader.state == LoaderState.IDLE
    assert not guest.line


def test_no_memory_ends_a_load_before_it_is_placed() -> None:
    guest = Guest()
    load = guest.loader.load(IMAGE)
    guest.finish(guest.take(), code=int(Code.NO_MEMORY), text="no frames for 4 pages")
    outcome = guest.loader.outcome(load)
    assert outcome is not None
    assert (outcome.code, outcome.base, outcome.text) == (Code.NO_MEMORY, 0, "no frames for 4 pages")


def test_a_module_that_cannot_be_relocated_fails_with_the_reason() -> None:
    guest = Guest(FixedSource("REL24 out of range"))
    load = guest.loader.load(IMAGE)
    guest.place(guest.take())
    guest.pass_time()
    assert guest.loader.state == LoaderState.FAILED
    assert guest.line
    guest.finish(load, code=int(Code.REFUSED), text="not relocated")
    outcome = guest.loader.outcome(load)
    assert outcome is not None
    assert outcome.text == "REL24 out of range"


def test_segments_of_other_sizes_than_announced_fail() -> None:
    guest = Guest()
    load = guest.loader.load(dataclasses.replace(IMAGE, text_size=2 * PAGE_SIZE, rodata_size=0))
    guest.place(guest.take(), pages=3)
    guest.pass_time()
    assert guest.loader.state == LoaderState.FAILED
    guest.finish(load, code=int(Code.REFUSED))
    outcome = guest.loader.outcome(load)
    assert outcome is not None
    assert "announced" in outcome.text


def test_loads_wait_for_their_turn() -> None:
    guest = Guest()
    first, second = guest.loader.load(IMAGE), guest.loader.load(dataclasses.replace(IMAGE, name="next"))
    assert guest.take() == first
    guest.finish(first, code=int(Code.NO_MEMORY))
    assert guest.line
    assert guest.take() == second


@pytest.mark.parametrize("register", [LoaderRegister.TAKE, LoaderRegister.PLACE, LoaderRegister.FINISH])
def test_steps_out_of_order_are_bus_faults(register: LoaderRegister) -> None:
    guest = Guest()
    with pytest.raises(BusFault, match=register.name):
        guest.loader.write(0, register, 8, RECORD)
    if register != LoaderRegister.TAKE:
        guest.loader.load(IMAGE)
        with pytest.raises(BusFault, match=register.name):
            guest.loader.write(0, register, 8, RECORD)


def test_placements_that_do_not_fit_the_request_are_bus_faults() -> None:
    guest = Guest()
    load = guest.loader.load(IMAGE)
    guest.take()
    for bad in ({"load": load + 1}, {"load": load, "pages": 3}, {"load": load, "base": MODULE_BASE + 8}):
        with pytest.raises(BusFault):
            guest.place(**bad)
    with pytest.raises(BusFault):
        guest.finish(load + 1)
    assert guest.loader.state == LoaderState.TAKEN


def test_a_frame_outside_memory_fails_the_load() -> None:
    guest = Guest()
    load = guest.loader.load(IMAGE)
    guest.take()
    record = LOAD_PLACEMENT_RECORD.pack(id=load, base=MODULE_BASE, frames=FRAME_LIST, pages=len(FRAMES))
    guest.platform.write_memory(FRAME_LIST, b"\x7f" * 8 * len(FRAMES))
    guest.platform.write_memory(RECORD, record)
    guest.loader.write(0, LoaderRegister.PLACE, 8, RECORD)
    guest.pass_time()
    assert guest.loader.state == LoaderState.FAILED


def test_an_empty_module_is_refused() -> None:
    with pytest.raises(UsageError, match="no segment"):
        Guest().loader.load(ModuleImage("k", "empty", 0, 0, 0))


@pytest.mark.parametrize("steps", [0, 1, 2, 3, 4])
def test_a_saved_handshake_goes_on_elsewhere(steps: int) -> None:
    guest = Guest()
    load = guest.loader.load(IMAGE)
    script: list[Callable[[Guest], object]] = [
        lambda who: who.take(),
        lambda who: who.place(load),
        lambda who: who.pass_time(),
        lambda who: who.finish(load, code=0, module=5),
    ]
    for step in script[:steps]:
        step(guest)
    copy = Guest()
    copy.loader.set_state(guest.loader.get_state())
    copy.platform.memory[:] = guest.platform.memory
    copy.platform.adopt_events(guest.platform, copy.loader)
    assert copy.loader.get_state() == guest.loader.get_state()
    for step in script[steps:]:
        step(copy)
    outcome = copy.loader.outcome(load)
    assert outcome is not None
    assert (outcome.code, outcome.module, outcome.key) == (Code.OK, 5, "module-1")
