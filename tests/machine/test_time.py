"""Virtual time: a nanosecond an instruction, the least of the CPUs, no time for those that sleep."""

import pytest

from emulator.abi.hypercalls import Hypercall
from emulator.machine import CpuState, RoundRobin, StopReason, Until
from tests.machine.program import ENTRY, SC_1, hypercall, open_bench

CLOCK_READ = f"li 3, {Hypercall.CLOCK_READ}; {SC_1};"
INSTRUCTIONS = f"li 3, {Hypercall.INSTRUCTIONS}; {SC_1};"
IDLE = f"li 3, {Hypercall.IDLE}; {SC_1};"


def timer(deadline: int) -> str:
    return f"li 4, {deadline}; li 3, {Hypercall.TIMER_SET}; {SC_1};"


def test_the_clock_is_exact() -> None:
    bench = open_bench()
    bench.run(f"nop; nop; nop; {CLOCK_READ} mr 20, 4; {CLOCK_READ} mr 21, 4; {INSTRUCTIONS} mr 22, 4;")
    assert (bench["r20"], bench["r21"], bench["r22"]) == (5, 8, 11)


def test_hypercalls_change_only_two_registers() -> None:
    bench = open_bench()
    fill = "".join(f"li {register}, {register}00;" for register in range(5, 32))
    bench.run(fill + CLOCK_READ)
    assert [bench[f"r{register}"] for register in range(5, 32)] == [
        register * 100 for register in range(5, 32)
    ]


def test_a_sleeping_cpu_uses_no_instructions() -> None:
    bench = open_bench()
    bench.run(timer(30_000) + IDLE + CLOCK_READ + "mr 20, 4;")
    assert bench["r20"] == 30_000 + 2
    assert bench.hardware.cpus[0].instructions < 20


def test_sleep_ends_although_interrupts_are_off() -> None:
    bench = open_bench()
    stop = bench.run(timer(5_000) + IDLE)
    assert stop.reason is StopReason.HALTED
    assert bench.exceptions == []


def test_the_decrementer_comes_at_its_deadline() -> None:
    bench = open_bench()
    stop = bench.run(timer(5_000) + "mfmsr 5; ori 5, 5, 0x8000; mtmsrd 5; again: b again;")
    assert stop.reason is StopReason.PANIC
    assert bench.exceptions == [(0, 0x900)]
    # The handler's three instructions follow.
    assert bench.hardware.cpus[0].time == 5_000 + 3


def test_the_timer_has_a_shortest_period() -> None:
    bench = open_bench()
    bench.run(timer(5) + "mfmsr 5; ori 5, 5, 0x8000; mtmsrd 5; again: b again;")
    assert 1_000 < bench.hardware.cpus[0].time < 1_010


def test_a_pending_timer_waits_for_interrupts_to_be_on() -> None:
    bench = open_bench()
    wait = "li 6, 3000; mtctr 6; again: bdnz again;"
    bench.run(timer(1_500) + wait + "mfmsr 5; ori 5, 5, 0x8000; mtmsrd 5; after: li 7, 1; b after;")
    assert bench.exceptions == [(0, 0x900)]
    assert bench["r7"] == 0
    assert bench["ctr"] == 0


def test_nothing_to_come_is_idle_for_ever() -> None:
    bench = open_bench()
    assert bench.run(IDLE).reason is StopReason.IDLE
    assert bench.hardware.cpus[0].state is CpuState.IDLE


def test_a_deadline_ends_even_sleep() -> None:
    bench = open_bench()
    stop = bench.run(f"lis 4, 0x10; li 3, {Hypercall.TIMER_SET}; {SC_1};" + IDLE, deadline_ns=50_000)
    assert (stop.reason, stop.virtual_ns) == (StopReason.DEADLINE, 50_000)


def test_skew_is_at_most_a_quantum_and_a_block() -> None:
    bench = open_bench(3, RoundRobin(2_000))
    block = "again: " + "addi 6, 6, 1;" * 40 + "b again"
    bench.load(block)
    for cpu in bench.hardware.cpus:
        cpu.start(ENTRY, 0)
    for deadline in range(1_000, 60_000, 1_117):
        bench.hardware.run(Until(deadline_ns=deadline))
        times = [cpu.time for cpu in bench.hardware.cpus]
        assert max(times) - min(times) <= 2_000 + 41
        assert bench.hardware.time == min(times)


def test_clock_reads_are_monotonic_across_cpus() -> None:
    bench = open_bench(2, RoundRobin(1_000))
    bench.load(f"again: {CLOCK_READ} {hypercall(50)} b again")
    for cpu in bench.hardware.cpus:
        cpu.start(ENTRY, 0)
    bench.hardware.run_for(20_000)
    reads = [arguments[0] for _, _, arguments in bench.calls]
    assert len(reads) > 2_000
    assert reads == sorted(reads)
    assert {cpu for cpu, _, _ in bench.calls} == {0, 1}


def test_another_cpu_is_started_once() -> None:
    bench = open_bench(2)
    bench.load("mr 20, 3; mr 21, 4; again: b again", ENTRY + 0x1000)
    start = f"li 3, {Hypercall.CPU_START}; li 4, 1; lis 5, 1; ori 5, 5, 0x1000; li 6, 77; {SC_1}; mr 9, 3;"
    bench.run(start + start.replace("mr 9", "mr 10"))
    bench.hardware.run_for(1_000)
    assert bench["r9"] == 0
    assert bench["r10"] == (1 << 64) - 4
    other = bench.hardware.cpus[1]
    assert (other.registers["r20"], other.registers["r21"]) == (1, 77)


@pytest.mark.parametrize(("cpu", "entry"), [(2, ENTRY), (1, 2), (1, 1 << 40)])
def test_a_cpu_cannot_be_started_anyhow(cpu: int, entry: int) -> None:
    bench = open_bench(2)
    bench["r25"] = entry
    bench.run(f"li 3, {Hypercall.CPU_START}; li 4, {cpu}; mr 5, 25; {SC_1}; mr 9, 3;")
    assert bench["r9"] == (1 << 64) - 2
