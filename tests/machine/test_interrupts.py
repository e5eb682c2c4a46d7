"""The interrupt controller: lines, messages, masks, priorities."""

import pytest

from emulator.abi.devices import DevicePage
from emulator.abi.interrupts import NO_SOURCE, InterruptRegister
from emulator.abi.memory_map import DEVICE_PHYSICAL, PAGE_SIZE
from emulator.devices.interrupts import Interrupts
from emulator.machine import Until
from tests.machine.program import ENTRY, Bench, hypercall, open_bench

CONTROLLER = DEVICE_PHYSICAL + DevicePage.INTERRUPTS * PAGE_SIZE
BASE = "lis 10, 0x8000; ori 10, 10, 0x1000; rldicl 10, 10, 0, 32;"
ALL = "lis 5, -1; rldicl 5, 5, 0, 32; ori 5, 5, 0xFFFF;"
ON = "mfmsr 6; ori 6, 6, 0x8002; mtmsrd 6;"
SPIN = "spin: addi 7, 7, 1; b spin;"
R = InterruptRegister


def read(register: int, into: int) -> str:
    return f"ld {into}, {register}(10);"


def write(register: int, value: str) -> str:
    return f"{value} std 5, {register}(10);"


def source(number: int) -> int:
    return R.SOURCE + 8 * number


def at_rest(setup: str, cpus: int = 1) -> Bench:
    """CPU 0 after ``setup``, spinning with interrupts on; its handler claims, reports 88 and ends."""
    bench = open_bench(cpus)
    handler = read(R.CLAIM, 11) + "mr 4, 11;" + hypercall(88) + f"std 11, {R.END}(10); rfid"
    bench.load(handler, 0x500)
    bench.load(BASE + setup + ON + SPIN)
    bench.hardware.cpus[0].start(ENTRY, 0)
    bench.hardware.run_for(1_000)
    return bench


def claimed(bench: Bench) -> list[int]:
    return [arguments[0] for _, number, arguments in bench.calls if number == 88]


def test_a_line_interrupts_until_it_is_low() -> None:
    bench = at_rest(write(R.ENABLE, "li 5, 4;"))
    bench.hardware.bus.set_line(2, True)
    bench.hardware.run_for(1_000)
    assert len(claimed(bench)) > 1
    assert set(claimed(bench)) == {2}
    bench.hardware.bus.set_line(2, False)
    bench.calls.clear()
    bench.hardware.run_for(1_000)
    assert len(claimed(bench)) <= 1


def test_a_disabled_line_waits() -> None:
    bench = at_rest(write(R.ENABLE, "li 5, 8;"))
    bench.hardware.bus.set_line(2, True)
    bench.hardware.run_for(1_000)
    assert claimed(bench) == []


def test_the_higher_priority_comes_first_then_the_lower_number() -> None:
    raise_priority = write(source(6), "li 5, 0x900;") + write(source(3), "li 5, 0x300;")
    bench = open_bench()
    for line in (2, 3, 5, 6):
        bench.hardware.bus.set_line(line, True)
    claims = "".join(read(R.CLAIM, register) for register in range(20, 25))
    bench.run(BASE + write(R.ENABLE, ALL) + raise_priority + claims)
    assert [bench[f"r{register}"] for register in range(20, 25)] == [6, 2, 5, 3, NO_SOURCE]


def test_the_cpus_own_priority_masks() -> None:
    bench = open_bench()
    bench.hardware.bus.set_line(2, True)
    program = write(R.ENABLE, ALL) + write(R.PRIORITY, "li 5, 8;") + read(R.CLAIM, 20) + read(R.PENDING, 21)
    bench.run(BASE + program + write(R.PRIORITY, "li 5, 7;") + read(R.CLAIM, 22))
    assert (bench["r20"], bench["r21"], bench["r22"]) == (NO_SOURCE, 4, 2)


def test_a_line_in_service_does_not_interrupt_again() -> None:
    bench = open_bench()
    bench.hardware.bus.set_line(2, True)
    end = write(R.END, "li 5, 2;")
    bench.run(BASE + write(R.ENABLE, ALL) + read(R.CLAIM, 20) + read(R.CLAIM, 21) + end + read(R.CLAIM, 22))
    assert (bench["r20"], bench["r21"], bench["r22"]) == (2, NO_SOURCE, 2)


def test_a_line_goes_to_the_cpu_it_is_routed_to() -> None:
    bench = at_rest(write(R.ENABLE, ALL) + write(source(2), "li 5, 0x801;"), cpus=2)
    bench.hardware.bus.set_line(2, True)
    bench.load(BASE + write(R.ENABLE, ALL) + ON + SPIN, ENTRY + 0x1000)
    bench.hardware.cpus[1].start(ENTRY + 0x1000, 0)
    bench.hardware.run_for(2_000)
    assert {cpu for cpu, number, _ in bench.calls if number == 88} == {1}


def test_a_message_wakes_the_other_cpu_at_the_senders_time() -> None:
    bench = open_bench(2)
    bench.load(BASE + write(R.ENABLE, ALL) + hypercall(2) + read(R.CLAIM, 20) + SPIN, ENTRY + 0x1000)
    bench.hardware.cpus[1].start(ENTRY + 0x1000, 0)
    bench.hardware.run_for(100)
    bench.load(BASE + "li 6, 5000; mtctr 6; wait: bdnz wait;" + write(R.SEND, "li 5, 0x103;") + SPIN)
    bench.hardware.cpus[0].start(ENTRY, 0)
    bench.hardware.run(Until(cpu=1, address=ENTRY + 0x1000 + 4 * 10))
    assert bench.hardware.cpus[1].registers["r20"] == 16 + 3
    assert bench.hardware.cpus[1].time > 5_000
    assert bench.hardware.cpus[1].instructions < 100


def test_an_interrupt_shows_where_it_came_from() -> None:
    bench = open_bench()
    bench.load(BASE + write(R.ENABLE, ALL) + ON + SPIN)
    bench.hardware.cpus[0].start(ENTRY, 0)
    bench.hardware.run_for(1_000)
    bench.hardware.bus.set_line(0, True)
    bench.hardware.run_for(1_000)
    assert bench.exceptions == [(0, 0x500)]
    assert bench["srr1"] & 0x8002 == 0x8002
    assert bench["msr"] & 0x8000 == 0


@pytest.mark.parametrize(
    "access",
    [
        write(R.CLAIM, "li 5, 0;"),
        read(0x40, 5),
        read(R.END, 5),
        write(R.END, "li 5, 32;"),
        write(R.PRIORITY, "li 5, 16;"),
        write(R.SEND, "li 5, 0x203;"),
        write(R.SEND, "li 5, 0x010;"),
        write(source(2), "li 5, 0x802;"),
        write(source(32), "li 5, 0;"),
        "lwz 5, 16(10);",
        "stb 5, 16(10);",
        "lwz 5, 20(10);",
        "ld 5, 20(10);",
    ],
)
def test_a_bad_access_is_a_machine_check(access: str) -> None:
    bench = open_bench(2)
    bench.run(BASE + access)
    assert bench.exceptions == [(0, 0x200)]
    assert bench["dar"] & ~0xFFF == CONTROLLER


def test_the_host_sees_the_controller() -> None:
    bench = at_rest(
        write(R.ENABLE, "li 5, 6;") + write(R.PRIORITY, "li 5, 9;") + write(source(1), "li 5, 0x700;")
    )
    bench.hardware.bus.set_line(1, True)
    view = Interrupts(bench.hardware.engine)
    assert view.enabled(0) == [1, 2]
    assert view.threshold(0) == 9
    line = view.sources()[1]
    assert (line.name, line.priority, line.route, line.high, line.in_service) == ("disk", 7, 0, True, False)
    assert view.messages(0) == []
