"""The disk: commands, errors, and a power cut against a model of what may survive it."""

from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from emulator.abi.devices import Line
from emulator.abi.disk import (
    DISK_BLOCK_SIZE,
    DISK_BLOCKS_MAX,
    DISK_COMMAND_RECORD,
    DISK_COMPLETION_VALID,
    DISK_STATUS_SHIFT,
    DISK_TAG_MASK,
    DISK_TAGS,
    DiskFlag,
    DiskOperation,
    DiskRegister,
)
from emulator.abi.status import Code
from emulator.devices import medium as medium_module
from emulator.devices.disk import Disk, DiskConfig, DiskFault, PowerCut
from emulator.devices.medium import Medium
from emulator.errors import UsageError
from emulator.machine.device import BusFault
from tests.devices.fake_platform import MEMORY_BYTES, FakePlatform

RECORD, BUFFER = 0x1000, 0x10000
READ, WRITE, FLUSH = DiskOperation.READ, DiskOperation.WRITE, DiskOperation.FLUSH


def block_of(text: str) -> bytes:
    return text.encode().ljust(DISK_BLOCK_SIZE, b".")


class Driver:
    """Plays the guest's driver."""

    def __init__(self, config: DiskConfig | None = None) -> None:
        self.disk, self.platform = Disk(config or DiskConfig(blocks=64)), FakePlatform()
        self.disk.attach(self.platform)
        self.disk.write(0, DiskRegister.CONTROL, 8, 1)

    @property
    def line(self) -> bool:
        return self.platform.lines[Line.DISK]

    def submit(
        self, operation: int, block: int = 0, count: int = 1, tag: int = 0, buffer: int = BUFFER
    ) -> None:
        if operation == FLUSH:
            count = buffer = 0
        record = DISK_COMMAND_RECORD.pack(
            operation=int(operation), tag=tag, block=block, count=count, buffer=buffer
        )
        self.platform.write_memory(RECORD, record)
        self.disk.write(0, DiskRegister.SUBMIT, 8, RECORD)

    def completions(self) -> list[tuple[int, Code]]:
        taken = []
        while completion := self.disk.read(0, DiskRegister.COMPLETION, 8):
            assert completion & DISK_COMPLETION_VALID
            taken.append((completion & DISK_TAG_MASK, Code(-(completion >> DISK_STATUS_SHIFT & 0xFF))))
        return taken

    def do(self, operation: int, block: int = 0, count: int = 1, buffer: int = BUFFER) -> Code:
        self.submit(operation, block, count, buffer=buffer)
        self.platform.run_until(self.platform.time + 10_000_000)
        ((_, code),) = self.completions()
        return code

    def write(self, block: int, data: bytes) -> Code:
        self.platform.write_memory(BUFFER, data)
        return self.do(WRITE, block, len(data) // DISK_BLOCK_SIZE)

    def read(self, block: int, count: int = 1) -> bytes:
        assert self.do(READ, block, count) == Code.OK
        return self.platform.read_memory(BUFFER, count * DISK_BLOCK_SIZE)


def test_what_is_written_is_read() -> None:
    driver = Driver()
    data = block_of("one") + block_of("two")
    assert driver.write(5, data) == Code.OK
    driver.platform.write_memory(BUFFER, bytes(2 * DISK_BLOCK_SIZE))
    assert driver.read(5, 2) == data
    assert driver.read(7) == bytes(DISK_BLOCK_SIZE)


def test_geometry() -> None:
    driver = Driver(DiskConfig(blocks=64, read_only=True))
    assert driver.disk.read(0, DiskRegister.CAPACITY, 8) == 64
    assert driver.disk.read(0, DiskRegister.FLAGS, 8) == DiskFlag.READ_ONLY
    assert Driver().disk.read(0, DiskRegister.FLAGS, 8) == 0


def test_commands_are_served_one_after_another_in_virtual_time() -> None:
    driver = Driver(DiskConfig(blocks=64, latency_ns=1_000, block_ns=10))
    driver.submit(READ, tag=3)
    driver.submit(READ, count=4, tag=9)
    driver.platform.run_until(1_009)
    assert not driver.line
    driver.platform.run_until(1_010)
    assert driver.line
    assert driver.completions() == [(3, Code.OK)]
    assert not driver.line
    driver.platform.run_until(2_049)
    assert driver.completions() == []
    driver.platform.run_until(2_050)
    assert driver.completions() == [(9, Code.OK)]


def test_data_moves_at_completion() -> None:
    driver = Driver()
    driver.platform.write_memory(BUFFER, block_of("early"))
    driver.submit(WRITE, 1)
    driver.platform.write_memory(BUFFER, block_of("late"))
    driver.platform.run_until(10_000_000)
    driver.completions()
    assert driver.read(1) == block_of("late")


def test_latency_can_be_changed_while_it_runs() -> None:
    driver = Driver(DiskConfig(blocks=64, latency_ns=1_000, block_ns=0))
    driver.disk.latency_ns = 50_000_000
    driver.submit(READ)
    driver.platform.run_until(49_999_999)
    assert driver.completions() == []
    driver.platform.run_until(50_000_000)
    assert driver.completions() == [(0, Code.OK)]


@pytest.mark.parametrize(
    ("operation", "block", "count", "buffer", "code"),
    [
        (READ, 64, 1, BUFFER, Code.INVALID),
        (READ, 63, 2, BUFFER, Code.INVALID),
        (READ, 2**64 - 1, 1, BUFFER, Code.INVALID),
        (WRITE, 0, 0, BUFFER, Code.INVALID),
        (READ, 0, DISK_BLOCKS_MAX + 1, BUFFER, Code.INVALID),
        (READ, 0, 1, MEMORY_BYTES - 8, Code.INVALID),
        (WRITE, 0, 1, 2**63, Code.INVALID),
        (0, 0, 1, BUFFER, Code.UNSUPPORTED),
        (77, 0, 1, BUFFER, Code.UNSUPPORTED),
    ],
)
def test_bad_commands_complete_with_a_code(
    operation: int, block: int, count: int, buffer: int, code: Code
) -> None:
    driver = Driver()
    state = driver.disk.medium.state_values()
    assert driver.do(operation, block, count, buffer) == code
    assert driver.disk.medium.state_values() == state


def test_read_only_refuses_writes() -> None:
    assert Driver(DiskConfig(blocks=8, read_only=True)).write(0, block_of("x")) == Code.REFUSED


def test_tags_in_flight_and_bad_addresses_are_bus_faults() -> None:
    driver = Driver()
    driver.submit(READ, tag=1)
    for tag in (1, DISK_TAGS):
        with pytest.raises(BusFault, match=f"tag {tag}"):
            driver.submit(READ, tag=tag)
    with pytest.raises(BusFault):
        driver.disk.write(0, DiskRegister.SUBMIT, 8, 1 << 50)
    for tag in range(2, DISK_TAGS):
        driver.submit(READ, tag=tag)
    driver.platform.run_until(100_000_000)
    assert len(driver.completions()) == DISK_TAGS - 1


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (DiskFault(), "F...."),
        (DiskFault(after=2), "..F.."),
        (DiskFault(times=2), "FF..."),
        (DiskFault(after=3, times=0), "...FF"),
        (DiskFault(operation=READ, times=0), "....."),
        (DiskFault(operation=WRITE, first_block=1, last_block=2, times=0), ".FF.."),
    ],
)
def test_injected_errors_hit_the_operation_that_was_named(fault: DiskFault, expected: str) -> None:
    driver = Driver()
    driver.disk.inject(fault)
    codes = [driver.write(block, block_of(str(block))) for block in range(5)]
    assert "".join("." if code == Code.OK else "F" for code in codes) == expected
    assert set(codes) <= {Code.OK, Code.IO_ERROR}
    for block, code in enumerate(codes):
        expected_block = block_of(str(block)) if code == Code.OK else bytes(DISK_BLOCK_SIZE)
        assert driver.disk.medium.read(block) == expected_block


def test_a_failed_flush_flushes_nothing() -> None:
    driver = Driver()
    driver.write(0, block_of("x"))
    driver.disk.inject(DiskFault(operation=FLUSH))
    assert driver.do(FLUSH) == Code.IO_ERROR
    assert driver.disk.medium.unflushed == 1
    assert driver.do(FLUSH) == Code.OK
    assert driver.disk.medium.unflushed == 0


def test_a_fault_hits_a_command_that_overlaps_its_range() -> None:
    driver = Driver()
    driver.disk.inject(DiskFault(first_block=10, last_block=10, times=0))
    assert driver.do(READ, 8, 2) == Code.OK
    assert driver.do(READ, 8, 3) == Code.IO_ERROR
    assert driver.do(READ, 10, 3) == Code.IO_ERROR
    assert driver.do(READ, 11, 3) == Code.OK


def test_power_cut_drops_commands_and_a_subset_of_unflushed_writes() -> None:
    driver = Driver(DiskConfig(blocks=64, seed=3))
    for block in range(32):
        driver.write(block, block_of("old"))
    driver.do(FLUSH)
    for block in range(32):
        driver.write(block, block_of("new"))
    driver.submit(WRITE, 40)
    cut = driver.disk.power_cut()
    assert cut == PowerCut(1, cut.kept_writes, 32 - cut.kept_writes)
    contents = [driver.disk.medium.read(block) for block in range(32)]
    assert contents.count(block_of("new")) == cut.kept_writes
    assert contents.count(block_of("old")) == cut.lost_writes
    assert 0 < cut.kept_writes < 32
    driver.platform.run_until(100_000_000)
    assert driver.completions() == []
    assert driver.disk.medium.read(40) == bytes(DISK_BLOCK_SIZE)


def surviving(seed: int, cut: int) -> list[bool]:
    medium = Medium(64)
    for block in range(64):
        medium.write(block, block_of("x"))
    medium.power_cut(seed, cut)
    return [medium.read(block) != bytes(DISK_BLOCK_SIZE) for block in range(64)]


def test_the_seed_and_the_number_of_the_cut_decide_what_is_lost() -> None:
    assert surviving(1, 0) == surviving(1, 0)
    assert len({tuple(surviving(seed, cut)) for seed in range(4) for cut in range(4)}) == 16


def test_a_host_file_is_read_and_never_altered(tmp_path: Path) -> None:
    path = tmp_path / "disk.img"
    path.write_bytes(block_of("zero") + b"tail")
    before = path.read_bytes()
    driver = Driver(DiskConfig(blocks=4, path=path))
    assert driver.read(0) == block_of("zero")
    assert driver.read(1) == b"tail".ljust(DISK_BLOCK_SIZE, b"\0")
    driver.write(0, block_of("changed"))
    driver.do(FLUSH)
    assert driver.read(0) == block_of("changed")
    assert path.read_bytes() == before
    driver.write(2, block_of("volatile"))
    driver.disk.medium.export(path)
    expected = block_of("changed") + b"tail".ljust(DISK_BLOCK_SIZE, b"\0") + bytes(2 * DISK_BLOCK_SIZE)
    assert path.read_bytes() == expected


def test_blocks_zero_takes_the_size_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "disk.img"
    path.write_bytes(b"x" * (DISK_BLOCK_SIZE + 1))
    assert Disk(DiskConfig(blocks=0, path=path)).medium.blocks == 2


def test_a_file_that_cannot_be_used_is_one_clear_line(tmp_path: Path) -> None:
    path = tmp_path / "disk.img"
    with pytest.raises(UsageError, match=r"disk\.img: No such file"):
        Disk(DiskConfig(path=path))
    path.write_bytes(bytes(3 * DISK_BLOCK_SIZE))
    with pytest.raises(UsageError, match="3 blocks, the disk only 2"):
        Disk(DiskConfig(blocks=2, path=path))
    with pytest.raises(UsageError, match=r"Is a directory|No such file"):
        Disk().medium.export(tmp_path)


def test_a_file_that_fails_later_is_an_error_to_the_guest(tmp_path: Path) -> None:
    path = tmp_path / "disk.img"
    path.write_bytes(bytes(DISK_BLOCK_SIZE))
    driver = Driver(DiskConfig(blocks=1, path=path))
    path.unlink()
    assert driver.do(READ) == Code.IO_ERROR


def test_negative_times_are_refused() -> None:
    with pytest.raises(UsageError):
        Disk(DiskConfig(latency_ns=-1))
    with pytest.raises(UsageError):
        Disk().latency_ns = -5


def test_state_round_trips_with_commands_in_flight() -> None:
    driver = Driver()
    driver.write(1, block_of("durable"))
    driver.do(FLUSH)
    driver.write(2, block_of("cached"))
    driver.disk.inject(DiskFault(operation=FLUSH, after=1))
    driver.platform.write_memory(BUFFER, block_of("in flight"))
    driver.submit(WRITE, 3, tag=7)
    copy = Driver()
    copy.disk.set_state(driver.disk.get_state())
    copy.platform.memory[:] = driver.platform.memory
    copy.platform.adopt_events(driver.platform, copy.disk)
    assert copy.disk.get_state() == driver.disk.get_state()
    for each in (driver, copy):
        each.platform.run_until(each.platform.time + 10_000_000)
        assert each.completions() == [(7, Code.OK)]
    assert copy.disk.power_cut() == driver.disk.power_cut()
    assert copy.disk.medium.read(1) == block_of("durable")
    assert [copy.disk.medium.read(block) for block in range(64)] == [
        driver.disk.medium.read(block) for block in range(64)
    ]


def test_state_over_another_image_is_refused(tmp_path: Path) -> None:
    first, second = tmp_path / "a.img", tmp_path / "b.img"
    first.write_bytes(block_of("a"))
    second.write_bytes(block_of("b"))
    state = Disk(DiskConfig(blocks=4, path=first)).get_state()
    Disk(DiskConfig(blocks=4, path=first)).set_state(state)
    with pytest.raises(UsageError, match="another disk image"):
        Disk(DiskConfig(blocks=4, path=second)).set_state(state)
    with pytest.raises(UsageError, match="another disk image"):
        Disk(DiskConfig(blocks=5, path=first)).set_state(state)


class DiskModel(RuleBasedStateMachine):
    """The disk against two dictionaries: what is durable for certain, and every version a cut may leave."""

    BLOCKS = 6

    def __init__(self) -> None:
        super().__init__()
        self.medium = Medium(self.BLOCKS)
        self.newest = {block: bytes(DISK_BLOCK_SIZE) for block in range(self.BLOCKS)}
        self.possible = {block: {data} for block, data in self.newest.items()}
        self.cuts = 0

    @rule(block=st.integers(0, BLOCKS - 1), fill=st.integers(0, 255))
    def write(self, block: int, fill: int) -> None:
        data = bytes([fill]) * DISK_BLOCK_SIZE
        self.medium.write(block, data)
        self.newest[block] = data
        self.possible[block].add(data)

    @rule()
    def flush(self) -> None:
        self.medium.flush()
        self.possible = {block: {data} for block, data in self.newest.items()}

    @precondition(lambda self: self.medium.unflushed > 0)
    @rule(seed=st.integers(0, 99))
    def power_cut(self, seed: int) -> None:
        unflushed = self.medium.unflushed
        kept, lost = self.medium.power_cut(seed, self.cuts)
        self.cuts += 1
        assert kept + lost == unflushed
        for block, versions in self.possible.items():
            self.newest[block] = self.medium.read(block)
            assert self.newest[block] in versions
        self.possible = {block: {data} for block, data in self.newest.items()}

    @rule()
    def save_and_restore(self) -> None:
        copy = Medium(self.BLOCKS)
        copy.set_state_values(self.medium.state_values())
        self.medium = copy

    @invariant()
    def reads_give_the_newest(self) -> None:
        assert {block: self.medium.read(block) for block in range(self.BLOCKS)} == self.newest


class SmallCacheModel(DiskModel):
    """The same with a cache that must evict: what was evicted is durable, which the model allows."""

    def __init__(self) -> None:
        super().__init__()
        self._patch = pytest.MonkeyPatch()
        self._patch.setattr(medium_module, "CACHE_BLOCKS", 3)

    def teardown(self) -> None:
        self._patch.undo()


DiskModel.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
SmallCacheModel.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestDiskModel = DiskModel.TestCase
TestSmallCacheModel = SmallCacheModel.TestCase


def test_a_full_cache_makes_the_oldest_write_durable() -> None:
    medium = Medium(8)
    medium.write(0, block_of("first"))
    for _ in range(medium_module.CACHE_BLOCKS):
        medium.write(1, block_of("rest"))
    assert medium.unflushed == medium_module.CACHE_BLOCKS
    medium.power_cut(0, 0)
    assert medium.read(0) == block_of("first")
