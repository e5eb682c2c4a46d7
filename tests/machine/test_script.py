"""The text of a schedule, and what the machine does by it."""

from typing import NamedTuple

import pytest

from emulator.errors import UsageError
from emulator.machine import Directive, DirectiveKind, Hardware, Scripted, StopReason, Until, parse_script
from tests.machine.program import ENTRY, SC_1, Bench, hypercall, open_bench


class Name(NamedTuple):
    """A function that is entered at its first instruction, or two later."""

    start: int
    entry: int


SYMBOLS = {"main": Name(0x10000, 0x10000), "kernel::swap(int)": Name(0x10010, 0x10018)}


def parse(text: str) -> tuple[Directive, ...]:
    return parse_script(text, SYMBOLS.get, cpus=2)


def test_every_directive() -> None:
    script = """
        # a comment
        run 1 for 1_000         # and another
        run 0 until main+0x10
        run 0 until 0x10008 within 50
        run 0 until kernel::swap(int)+0
        turns until 1 kernel::swap(int)
        turns until time 5000
        hold cpu 1
        release cpu 1
        hold thread 7 at main
        release thread 7
        inject 0x100 on 1
        raise 2
        stop
        random quantum 5000
    """
    kind = DirectiveKind
    assert parse(script) == (
        Directive(kind.RUN, 1, 1000),
        Directive(kind.UNTIL, 0, 0, 0x10010),
        Directive(kind.UNTIL, 0, 50, 0x10008),
        Directive(kind.UNTIL, 0, 0, 0x10010),
        Directive(kind.TURNS_UNTIL, 1, 20_000, 0x10018),
        Directive(kind.TURNS_TIME, 0, 20_000, 5000),
        Directive(kind.HOLD_CPU, 1),
        Directive(kind.RELEASE_CPU, 1),
        Directive(kind.HOLD_THREAD, address=0x10000, thread=7),
        Directive(kind.RELEASE_THREAD, thread=7),
        Directive(kind.INJECT, 1, 0x100),
        Directive(kind.RAISE, amount=2),
        Directive(kind.STOP),
        Directive(kind.RANDOM, amount=5000),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("jump 1", "schedule, line 1: 'jump' where a directive should be"),
        ("\nrun 2 for 5", "schedule, line 2: CPU 2: 0 to 1"),
        ("run 1", "schedule, line 1: for or until is missing"),
        ("run 1 for x", "schedule, line 1: 'x' is no number of instructions"),
        ("run 1 for 0", "schedule, line 1: number of instructions 0: 1 to 18446744073709551614"),
        ("run 1 until nowhere", "schedule, line 1: no symbol 'nowhere'"),
        ("run 1 until main+2", "schedule, line 1: main+2 is no address of an instruction"),
        ("run 1 until main+x", "schedule, line 1: 'x' is no offset"),
        ("run 1 for 5 times", "schedule, line 1: 'times' is one word too many"),
        ("turns\nstop", "schedule, line 2: nothing can follow an endless directive"),
        ("random quantum 5", "schedule, line 1: quantum 5: at least 1000 instructions"),
        ("inject 0x501 on 0", "schedule, line 1: 0x501 is no vector"),
        ("raise 16", "schedule, line 1: interrupt line 16: 0 to 15"),
        ("hold thread 0 at main", "schedule, line 1: thread id 0: 1 to 18446744073709551614"),
    ],
)
def test_a_bad_line_is_named(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert str(caught.value) == message


COUNT = "again: addi 20, 20, 1; addi 21, 21, 1; addi 22, 22, 1; b again"


def counting(script: str, cpus: int = 2) -> Hardware:
    """CPUs that count in r20 to r22, four instructions a turn."""
    hardware = open_bench(cpus, Scripted(parse(script))).hardware
    hardware.memory.write(ENTRY, b"")
    bench = Bench(hardware)
    bench.load(COUNT)
    for cpu in hardware.cpus:
        cpu.start(ENTRY, 0)
    return hardware


def test_runs_of_exactly_n_instructions() -> None:
    hardware = counting("run 1 for 6\nrun 0 for 3\nrun 1 for 1\nstop")
    assert hardware.run().reached
    assert [cpu.instructions for cpu in hardware.cpus] == [3, 7]
    assert [cpu.pc for cpu in hardware.cpus] == [ENTRY + 12, ENTRY + 12]
    assert [cpu.registers["r20"] for cpu in hardware.cpus] == [1, 2]


def test_runs_until_an_address_again_and_again() -> None:
    hardware = counting("run 1 until main+8\nrun 1 until main+8\nrun 1 until main+4 within 2\nstop")
    assert hardware.run().reached
    assert hardware.cpus[1].instructions == 2 + 4 + 2
    assert hardware.cpus[0].instructions == 0


def test_turns_until_a_cpu_reaches_an_address() -> None:
    hardware = counting("run 0 for 100\nturns until 1 main+4\nstop")
    assert hardware.run().reached
    assert hardware.cpus[1].pc == ENTRY + 4
    assert hardware.cpus[1].instructions == 1


def test_turns_until_a_time() -> None:
    hardware = counting("turns until time 50000\nstop")
    assert hardware.run().reached
    for cpu in hardware.cpus:
        assert 50_000 <= cpu.time <= 50_000 + 20_000 + 512


def test_a_held_cpu_does_not_run_and_catches_up() -> None:
    hardware = counting("run 1 for 10\nhold cpu 1\nturns until time 40000\nrelease cpu 1\nstop\nturns")
    hardware.run()
    held = hardware.cpus[1]
    assert held.instructions == 10
    assert held.time >= 40_000
    hardware.run_for(20_000)
    assert held.instructions > 10


def test_an_injected_exception_is_taken_at_that_instruction() -> None:
    bench = open_bench(1, Scripted(parse("run 0 for 6\ninject 0x900 on 0\nrun 0 for 100\nstop")))
    bench.load("mfmsr 5; ori 5, 5, 0x8002; mtmsrd 5; again: addi 6, 6, 1; b again")
    bench.hardware.cpus[0].start(ENTRY, 0)
    bench.hardware.run()
    assert bench.exceptions == [(0, 0x900)]
    assert bench["srr0"] == ENTRY + 16
    assert bench["r6"] == 2


def test_an_injected_interrupt_waits_for_interrupts_to_be_on() -> None:
    bench = open_bench(1, Scripted(parse("run 0 for 1\ninject 0x500 on 0\nrun 0 for 100\nstop")))
    bench.load("nop; li 6, 1; mfmsr 5; ori 5, 5, 0x8002; mtmsrd 5; again: li 6, 2; b again")
    bench.hardware.cpus[0].start(ENTRY, 0)
    bench.hardware.run()
    assert bench.exceptions == [(0, 0x500)]
    assert (bench["srr0"], bench["r6"]) == (ENTRY + 20, 1)


PUBLISH = "li 5, 7; mtspr 275, 5;"


def test_a_thread_is_held_with_its_cpu_while_the_guest_cannot_set_it_aside() -> None:
    script = "hold thread 7 at main+16\nturns until time 5000\nstop\nrelease thread 7\nturns"
    bench = open_bench(2, Scripted(parse(script)))
    bench.load(PUBLISH + "again: addi 6, 6, 1; nop; addi 8, 8, 1; b again")
    bench.hardware.cpus[0].start(ENTRY, 0)
    bench.load("b main; main: b main", ENTRY + 0x1000)
    bench.hardware.cpus[1].start(ENTRY + 0x1000, 0)
    bench.hardware.run()
    assert bench.hardware.cpus[0].held
    assert bench.hardware.cpus[0].pc == ENTRY + 16
    assert (bench["r6"], bench["r8"]) == (1, 0)
    bench.hardware.run_for(5_000)
    assert not bench.hardware.cpus[0].held
    assert bench["r8"] > 100


SET_ASIDE_HANDLER = (
    "lis 10, 0x8000; ori 10, 10, 0x1000; rldicl 10, 10, 0, 32;"
    "ld 11, 0(10); ld 12, 0x30(10); ld 13, 0x38(10);"
    f"mr 4, 11; mr 5, 12; mr 6, 13; {hypercall(77)} rfid"
)


def test_the_guest_is_told_to_set_a_thread_aside_and_to_let_it_go() -> None:
    script = "hold thread 7 at main+56\nturns until time 9000\nrelease thread 7\nturns"
    bench = open_bench(1, Scripted(parse(script)))
    bench.load(SET_ASIDE_HANDLER, 0x500)
    enable = (
        "lis 10, 0x8000; ori 10, 10, 0x1000; rldicl 10, 10, 0, 32;"
        "lis 5, -1; rldicl 5, 5, 0, 32; std 5, 0x10(10);"
        "mfmsr 5; ori 5, 5, 0x8002; mtmsrd 5;"
    )
    bench.load(PUBLISH + enable + "again: addi 6, 6, 1; addi 7, 7, 1; addi 8, 8, 1; addi 9, 9, 1; b again")
    bench.hardware.cpus[0].start(ENTRY, 0)
    bench.hardware.run(Until(deadline_ns=20_000))
    no_thread = 0
    assert [arguments[:3] for _, _, arguments in bench.calls] == [(31, 7, no_thread), (30, no_thread, 7)]
    assert bench.exceptions == []


def test_a_script_that_waits_for_a_sleeping_cpu_lets_time_pass() -> None:
    bench = open_bench(1, Scripted(parse("run 0 until main+24\nstop")))
    bench.load(f"li 3, 3; li 4, 7000; {SC_1}; li 3, 2; {SC_1}; nop; nop; nop")
    bench.hardware.cpus[0].start(ENTRY, 0)
    assert bench.hardware.run().reached
    assert bench.hardware.cpus[0].time == 7000 + 1
    assert bench.hardware.cpus[0].instructions == 6


def test_the_host_can_direct_a_running_machine() -> None:
    hardware = counting("turns")
    hardware.run_for(30_000)
    before = [cpu.instructions for cpu in hardware.cpus]
    hardware.direct(parse("run 1 for 5\nstop"))
    assert hardware.run().reached
    assert [cpu.instructions - was for cpu, was in zip(hardware.cpus, before, strict=True)] == [0, 5]


def test_too_many_held_threads_are_a_fault_for_good() -> None:
    hardware = counting("".join(f"hold thread {thread} at main\n" for thread in range(1, 18)))
    for _ in range(2):
        stop = hardware.run()
        assert stop.reason is StopReason.ENGINE_FAULT
        assert stop.message == "the schedule holds more than 16 guest threads"


def test_an_injected_exception_is_an_arrival_at_its_vector() -> None:
    script = "run 0 for 6\ninject 0x900 on 0\nrun 0 until 0x900 within 50\nstop"
    bench = open_bench(1, Scripted(parse(script)))
    bench.load("mfmsr 5; ori 5, 5, 0x8002; mtmsrd 5; again: addi 6, 6, 1; b again")
    bench.hardware.cpus[0].start(ENTRY, 0)
    assert bench.hardware.run().reached
    assert bench.hardware.cpus[0].pc == 0x900
    assert bench.hardware.cpus[0].instructions == 6


@pytest.mark.parametrize("script", ["run 1 until 0x20000", "run 1 for 1_000_000_000_000"])
def test_a_cpu_that_runs_alone_does_not_outlast_the_run(script: str) -> None:
    hardware = counting(f"run 1 for 7\n{script}\nstop")
    alone = hardware.cpus[1]
    for runs in range(1, 4):
        stop = hardware.run_for(50_001)
        assert (stop.reason, stop.reached) == (StopReason.DEADLINE, False)
        assert alone.instructions == 7 + runs * 50_001
    assert hardware.cpus[0].instructions == 0


def test_a_slice_in_parts_is_the_same_slice() -> None:
    alone = "run 1 for 100_003\nrun 0 until main+8 within 5\nrun 1 until main+4"
    whole, parts = (counting(f"{alone}\nturns until time 400_000\nstop") for _ in range(2))
    assert whole.run().reached
    while not (stop := parts.run_for(999)).reached:
        assert stop.reason is StopReason.DEADLINE
    assert parts.schedule_digest() == whole.schedule_digest()
    assert parts.state_hash() == whole.state_hash()
