"""A machine's state as bytes, the schedule digest, configuration."""

import pytest

from emulator.errors import EngineError, UsageError
from emulator.machine import Hardware, MachineConfig, MachineState, Random, RoundRobin, Until
from emulator.machine.config import MIB
from emulator.machine.digest import CHUNK_BYTES, ScheduleDigest
from tests.machine.busy import open_busy
from tests.machine.program import ENTRY, open_bench


def saved() -> bytes:
    with open_busy(RoundRobin()) as hardware:
        hardware.run(Until(deadline_ns=20_000))
        return hardware.save().to_bytes()


def test_bytes_there_and_back() -> None:
    data = saved()
    assert MachineState.from_bytes(data).to_bytes() == data


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: b"x" + data, "not a machine state"),
        (lambda data: data[:20], "not a machine state"),
        (lambda data: data[:-9], "the machine state is damaged"),
        (lambda data: data[:27] + b"\x09" + data[28:], "a machine state of version 9"),
        (lambda data: data[:60] + b"\xff\xff\xff" + data[63:], "the machine state is damaged"),
    ],
)
def test_damaged_bytes_are_refused(change: object, message: str) -> None:
    assert callable(change)
    with pytest.raises(UsageError, match=message):
        MachineState.from_bytes(change(saved()))


def test_a_machine_built_otherwise_refuses_the_state() -> None:
    state = MachineState.from_bytes(saved())
    with (
        open_busy(RoundRobin(), cpus=3) as hardware,
        pytest.raises(UsageError, match="2 CPUs and devices clock"),
    ):
        hardware.restore(state)
    with open_busy(Random()) as hardware, pytest.raises(UsageError, match="policy round-robin"):
        hardware.restore(state)


def test_many_seeds_from_one_point() -> None:
    with open_busy(RoundRobin()) as hardware:
        hardware.run(Until(deadline_ns=30_000))
        point = hardware.save()
        ends: dict[int, str] = {}
        for seed in (1, 2, 3, 1):
            hardware.use_policy(RoundRobin())
            hardware.restore(point)
            hardware.use_policy(Random(5_000), seed)
            hardware.run_for(50_000)
            assert ends.setdefault(seed, hardware.state_hash()) == hardware.state_hash()
        assert len(set(ends.values())) == 3


def test_the_hash_sees_memory_registers_and_interrupts() -> None:
    bench = open_bench()
    hashes = [bench.hardware.state_hash()]
    bench.hardware.memory.write(ENTRY + 5, b"\1")
    hashes.append(bench.hardware.state_hash())
    bench["r17"] = 1
    hashes.append(bench.hardware.state_hash())
    bench["sprg3"] = 1
    hashes.append(bench.hardware.state_hash())
    bench.hardware.bus.set_line(1, True)
    hashes.append(bench.hardware.state_hash())
    assert len(set(hashes)) == len(hashes)
    assert bench.hardware.state_hash() == hashes[-1]


def test_the_digest_does_not_depend_on_how_it_is_fed() -> None:
    records = bytes(index % 251 for index in range(3 * CHUNK_BYTES + 160))
    whole, pieces, moved = ScheduleDigest(), ScheduleDigest(), ScheduleDigest()
    whole.add(records)
    for start in range(0, len(records), 1600):
        pieces.add(records[start : start + 1600])
        moved.set_state(pieces.get_state())
    assert whole.hexadecimal() == pieces.hexadecimal() == moved.hexadecimal()
    whole.add(records[:16])
    assert whole.hexadecimal() != pieces.hexadecimal()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"cpus": 0}, "0 CPUs"),
        ({"cpus": 9}, "9 CPUs"),
        ({"memory": 15 * MIB}, "16 MiB to 1 GiB"),
        ({"memory": 1025 * MIB}, "16 MiB to 1 GiB"),
        ({"memory": 16 * MIB + 1}, "16 MiB to 1 GiB"),
        ({"seed": -1}, "seed -1"),
    ],
)
def test_a_machine_that_cannot_be_built(settings: dict[str, int], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        MachineConfig(**settings)  # type: ignore[arg-type]


def test_a_quantum_too_short() -> None:
    with pytest.raises(UsageError, match="quantum 999: at least 1000 instructions"):
        RoundRobin(999)


@pytest.mark.parametrize(("cpus", "memory"), [(1, 16 * MIB), (8, 1024 * MIB)])
def test_the_smallest_and_the_largest_machine(cpus: int, memory: int) -> None:
    with Hardware(MachineConfig(cpus=cpus, memory=memory)) as hardware:
        hardware.memory.write(memory - 1, b"x")
        assert hardware.memory.read(memory - 1, 1) == b"x"
        assert len(hardware.cpus) == cpus


def test_a_closed_machine_says_so() -> None:
    bench = open_bench()
    bench.hardware.close()
    bench.hardware.close()
    for use in (lambda: bench.hardware.time, lambda: bench["r3"], bench.hardware.run, bench.hardware.save):
        with pytest.raises(EngineError, match="the machine is closed"):
            use()
    with pytest.raises(ValueError, match="released"):
        bench.hardware.memory.read(0, 4)
