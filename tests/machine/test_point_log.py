"""Records of single instructions of a program's run, however it is cut into slices."""

import pytest

from emulator.cpu.binding import POINTS_MAX, LogPointStruct, PointStruct
from emulator.errors import EngineError
from emulator.machine import Policy, Random, RoundRobin
from tests.machine.program import ENTRY, Bench, open_bench

ROUNDS = 1_000
LOOP = f"li 3, 0; li 4, 30000; li 5, {ROUNDS}; mtctr 5; again: addi 3, 3, 1; subi 4, 4, 2; nop; bdnz again;"
FIRST = ENTRY + 4 * 4
INSIDE = ENTRY + 4 * 6
LENGTH = 4
POLICIES = [RoundRobin(), Random(1_000)]


def log_points(bench: Bench, addresses: list[int], *, exceptions: bool = False, most: int = 1 << 20) -> None:
    points = [LogPointStruct(address) for address in addresses]
    bench.hardware.engine.log_points(points, exceptions, most)


def logged(bench: Bench, addresses: list[int], source: str, *, exceptions: bool = False) -> list[PointStruct]:
    log_points(bench, addresses, exceptions=exceptions)
    bench.run(source)
    records, lost = bench.hardware.engine.take_points()
    assert not lost
    return list(records)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("policy", POLICIES, ids=["whole-slices", "random"])
def test_registers_and_counts_are_those_before_the_instruction(policy: Policy, seed: int) -> None:
    bench = open_bench(policy=policy, seed=seed)
    records = logged(bench, [INSIDE, FIRST], LOOP)
    assert [(each.address, *each.values) for each in records] == [
        values
        for done in range(ROUNDS)
        for values in ((FIRST, done, 30_000 - 2 * done), (INSIDE, done + 1, 29_998 - 2 * done))
    ]
    started = records[0].instructions
    assert started == 4
    assert [each.instructions - started for each in records] == [
        count for done in range(ROUNDS) for count in (LENGTH * done, LENGTH * done + 2)
    ]
    assert all(each.time - records[0].time == each.instructions - started for each in records)


@pytest.mark.parametrize("policy", POLICIES, ids=["whole-slices", "random"])
def test_an_exception_is_logged_where_it_comes(policy: Policy) -> None:
    bench = open_bench(policy=policy)
    bench["sprg3"] = 77
    (trap,) = logged(bench, [], "nop; nop; trap; nop;", exceptions=True)
    assert (trap.vector, trap.address, trap.instructions, trap.thread) == (0x700, ENTRY + 8, 2, 77)


def test_an_instruction_that_does_not_come_to_its_turn_is_not_logged() -> None:
    bench = open_bench()
    assert not logged(bench, [ENTRY + 8], "nop; trap; nop;")


def test_what_had_run_before_is_logged_too() -> None:
    bench = open_bench()
    bench.run(LOOP)
    assert len(logged(bench, [INSIDE], LOOP)) == ROUNDS


def test_nothing_is_logged_when_nobody_wants_it_any_more() -> None:
    bench = open_bench()
    engine = bench.hardware.engine
    assert len(logged(bench, [INSIDE], LOOP)) == ROUNDS
    engine.unlog_points()
    bench.run(LOOP)
    assert [each.address for each in logged(bench, [FIRST], LOOP)] == [FIRST] * ROUNDS


@pytest.mark.parametrize("offset", [0, 0x100, -8])
def test_memory_is_read_when_the_instruction_comes(offset: int) -> None:
    bench = open_bench()
    data = bytes(range(100, 132))
    bench.hardware.memory.write(0x20000 + offset, data)
    bench.hardware.engine.log_points([LogPointStruct(ENTRY + 4 * 2, 4, offset)], False, 1)
    bench.run(f"lis 4, 2; li 5, 0; nop; std 5, {offset}(4);")
    ((record,), _lost) = bench.hardware.engine.take_points()
    assert bytes(record.memory) == data
    assert bench.hardware.memory.read(0x20000 + offset, 8) == bytes(8)


def test_memory_is_read_at_an_address_in_memory() -> None:
    bench = open_bench()
    data = bytes(range(100, 132))
    bench.hardware.memory.write(0x20010, (0x30008).to_bytes(8, "big"))
    bench.hardware.memory.write(0x30008, data)
    bench.hardware.engine.log_points([LogPointStruct(ENTRY + 4, 3, 0x10, True)], False, 1)
    bench.run("lis 3, 2; nop;")
    ((record,), _lost) = bench.hardware.engine.take_points()
    assert bytes(record.memory) == data


def test_memory_that_is_not_there_reads_as_zero() -> None:
    bench = open_bench()
    bench.hardware.engine.log_points([LogPointStruct(ENTRY + 4, 3)], False, 1)
    bench.run("lis 3, 0x7fff; nop;")
    ((record,), _lost) = bench.hardware.engine.take_points()
    assert (record.values[0], bytes(record.memory)) == (0x7FFF0000, bytes(32))


def test_records_without_room_are_counted() -> None:
    bench = open_bench()
    log_points(bench, [INSIDE], most=4)
    bench.run(LOOP)
    records, lost = bench.hardware.engine.take_points()
    assert ([each.values[0] for each in records], lost) == ([1, 2, 3, 4], ROUNDS - 4)


def test_too_many_addresses_are_refused() -> None:
    bench = open_bench()
    with pytest.raises(EngineError, match=f"{POINTS_MAX + 1} points cannot be logged"):
        log_points(bench, [ENTRY + 4 * index for index in range(POINTS_MAX + 1)])


def test_one_log_at_a_time() -> None:
    bench = open_bench()
    log_points(bench, [ENTRY])
    with pytest.raises(EngineError, match="logged already"):
        log_points(bench, [INSIDE])
