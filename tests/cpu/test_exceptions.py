"""Every exception arrives at its vector with SRR0, SRR1, DAR and DSISR as the architecture (or the notes)
say."""

import pytest

from emulator.bench.radix import EXECUTE, KERNEL, PRIVILEGED, READ, WRITE, PageTables
from emulator.machine import StopReason
from tests.machine.program import DONE, ENTRY, SC_1, Bench, assemble, hypercall, open_bench

PROGRAM_TRAP, PROGRAM_PRIVILEGED = 0x20000, 0x40000
NO_TRANSLATION, PROTECTION, STORE, NO_EXECUTE = 0x40000000, 0x08000000, 0x02000000, 0x10000000
STATUS = 0x783F0000
MSR_SF_HV_ME = 1 << 63 | 1 << 60 | 1 << 12
TEXT, DATA, CONSTANTS, USER = KERNEL + 0x20000, KERNEL + 0x40000, KERNEL + 0x41000, 0x10000000
IR_DR, PR, EE = 0x30, 0x4000, 0x8000


def only(bench: Bench, vector: int) -> None:
    assert bench.exceptions == [(0, vector)]


def translated(source: str, msr: int = IR_DR, text: int = TEXT, page: int = 0x20000) -> Bench:
    """Runs a program at TEXT under translation, with a data page, a constant page and a user text page."""
    bench = open_bench()
    tables = PageTables(bench.hardware)
    tables.map(TEXT, 0x20000, READ | EXECUTE | PRIVILEGED)
    tables.map(DATA, 0x40000, READ | WRITE | PRIVILEGED)
    tables.map(CONSTANTS, 0x41000, READ | PRIVILEGED)
    tables.map(USER, 0x21000, READ | EXECUTE, pid=1)
    tables.map(USER + 0x1000, 0x40000, READ | WRITE, pid=1)
    bench.load(source + hypercall(DONE) + "b .", page)
    bench["srr0"] = text
    enter = tables.switch_on() + f"mfmsr 5; ori 5, 5, {msr}; mtspr 27, 5; rfid;"
    bench.run(enter)
    return bench


def load_address(register: int, address: int) -> str:
    high, low = address >> 32, address & 0xFFFFFFFF
    return (
        f"lis {register}, {_signed(high >> 16)}; ori {register}, {register}, {high & 0xFFFF};"
        f"sldi {register}, {register}, 32; oris {register}, {register}, {low >> 16};"
        f"ori {register}, {register}, {low & 0xFFFF};"
    )


def _signed(half: int) -> int:
    return half - 0x10000 if half >= 0x8000 else half


def test_data_storage_store_without_translation() -> None:
    bench = translated(load_address(5, DATA + 0x5008) + "std 5, 0(5);")
    only(bench, 0x300)
    assert bench["dar"] == DATA + 0x5008
    assert bench["dsisr"] == NO_TRANSLATION | STORE
    assert bench["srr0"] == TEXT + 4 * 5
    assert bench["srr1"] == MSR_SF_HV_ME | IR_DR


def test_data_storage_load_without_translation() -> None:
    bench = translated("li 5, 0; ld 6, 0(5);")
    only(bench, 0x300)
    assert (bench["dar"], bench["dsisr"]) == (0, NO_TRANSLATION)


def test_data_storage_store_to_constants() -> None:
    bench = translated(load_address(5, CONSTANTS) + "stw 5, 4(5);")
    only(bench, 0x300)
    assert (bench["dar"], bench["dsisr"]) == (CONSTANTS + 4, PROTECTION | STORE)


def test_instruction_storage_no_execute() -> None:
    bench = translated(load_address(5, DATA) + "mtctr 5; bctr;")
    only(bench, 0x400)
    assert bench["srr0"] == DATA
    assert bench["srr1"] & STATUS == NO_EXECUTE


def test_instruction_storage_without_translation() -> None:
    bench = translated("li 5, 0; mtctr 5; bctr;")
    only(bench, 0x400)
    assert bench["srr0"] == 0
    assert bench["srr1"] & STATUS == NO_TRANSLATION


@pytest.mark.parametrize("source", ["lwarx 6, 0, 5;", "ldarx 6, 0, 5;"])
def test_alignment(source: str) -> None:
    bench = translated(load_address(5, DATA + 0x13) + source)
    only(bench, 0x600)
    assert bench["dar"] == DATA + 0x13
    assert bench["srr0"] == TEXT + 4 * 5


def test_program_trap() -> None:
    bench = open_bench()
    bench.run("li 5, 0; trap;")
    only(bench, 0x700)
    assert bench["srr0"] == ENTRY + 4
    assert bench["srr1"] & STATUS == PROGRAM_TRAP


def test_illegal_instruction() -> None:
    bench = open_bench()
    bench.run("nop; nop; .long 0;")
    only(bench, 0xE40)
    assert bench["hsrr0"] == bench["srr0"] == ENTRY + 8
    assert bench["hsrr1"] == bench["srr1"] == MSR_SF_HV_ME
    assert bench["heir"] == 0


def test_illegal_instruction_shows_its_image() -> None:
    bench = open_bench()
    bench.run(".long 0x00000123;")
    only(bench, 0xE40)
    assert bench["heir"] == 0x123


@pytest.mark.parametrize("source", ["mfmsr 5;", "mtspr 272, 5;", "mfspr 5, 26;", "rfid;", "tlbie 5;"])
def test_privileged_in_problem_state(source: str) -> None:
    bench = translated(source, msr=IR_DR | PR | EE, text=USER, page=0x21000)
    only(bench, 0x700)
    assert bench["srr1"] & STATUS == PROGRAM_PRIVILEGED
    assert bench["srr0"] == USER
    assert bench["srr1"] & PR


def test_hypercall_in_problem_state_is_refused() -> None:
    bench = translated(f"li 3, 5; {SC_1};", msr=IR_DR | PR | EE, text=USER, page=0x21000)
    only(bench, 0x700)
    assert bench["srr1"] & STATUS == PROGRAM_PRIVILEGED
    assert bench.calls == []


def test_system_call_from_problem_state() -> None:
    bench = translated("li 5, 1; sc;", msr=IR_DR | PR | EE, text=USER, page=0x21000)
    only(bench, 0xC00)
    assert bench["srr0"] == USER + 8
    assert bench["srr1"] == MSR_SF_HV_ME | IR_DR | PR | EE


def test_kernel_page_in_problem_state() -> None:
    bench = translated(load_address(5, DATA) + "ld 6, 0(5);", msr=IR_DR | PR | EE, text=USER, page=0x21000)
    only(bench, 0x300)
    assert (bench["dar"], bench["dsisr"]) == (DATA, PROTECTION)


def test_problem_state_reaches_its_own_page() -> None:
    source = load_address(5, USER + 0x1000) + "li 6, 5; std 6, 0(5); ld 7, 0(5); sc;"
    bench = translated(source, msr=IR_DR | PR | EE, text=USER, page=0x21000)
    only(bench, 0xC00)
    assert bench["r7"] == 5


@pytest.mark.parametrize(
    ("source", "vector"),
    [("fadd 1, 2, 3;", 0x800), ("vaddubm 1, 2, 3;", 0xF20), (".long 0xF0210A07;", 0xF40)],
    ids=["fp", "vector", "vsx"],
)
def test_unavailable_units(source: str, vector: int) -> None:
    bench = open_bench()
    bench.run("nop;" + source)
    only(bench, vector)
    assert bench["srr0"] == ENTRY + 4


def test_enabled_floating_point_exception() -> None:
    bench = open_bench()
    bench.run("mfmsr 5; ori 5, 5, 0x2900; mtmsrd 5; lis 8, 3; lfd 1, 0(8); mtfsb1 24; fdiv 2, 1, 1;")
    only(bench, 0x700)
    assert bench["srr0"] == ENTRY + 24
    assert bench["srr1"] & STATUS == 0x100000


@pytest.mark.parametrize(
    ("bit", "source", "offset"),
    [(0x400, "li 7, 2;", 4), (0x200, "li 7, 2; b .+8;", 12)],
    ids=["step", "branch"],
)
def test_trace(bit: int, source: str, offset: int) -> None:
    bench = open_bench()
    bench.run(f"mfmsr 5; ori 5, 5, {bit}; mtmsrd 5;" + source + "nop; nop;")
    only(bench, 0xD00)
    assert bench["srr0"] == ENTRY + 12 + offset
    assert bench["r7"] == 2


def test_an_address_outside_the_tree_is_a_storage_exception() -> None:
    beyond = KERNEL | 1 << 59
    bench = translated(load_address(5, beyond) + "ld 6, 0(5);")
    only(bench, 0x300)
    assert bench["dar"] == beyond
    bench = translated(load_address(5, beyond) + "mtctr 5; bctr;")
    only(bench, 0x400)
    assert bench["srr0"] == beyond


def test_machine_check_where_no_memory_is() -> None:
    bench = open_bench()
    bench.run("li 6, 1; lis 5, 0x4000; ld 6, 16(5);")
    only(bench, 0x200)
    assert bench["srr0"] == ENTRY + 8
    assert bench["srr1"] & STATUS == 0x200000
    assert (bench["dar"], bench["r6"]) == (0x40000010, 1)


@pytest.mark.parametrize("source", ["ld 6, 0(5);", "std 6, 8(5);", "lwz 6, 0(5);", "stb 6, 0(5);"])
def test_machine_check_where_no_device_is(source: str) -> None:
    bench = open_bench()
    bench.run("lis 5, 0x8000; sldi 5, 5, 0; rldicl 5, 5, 0, 32;" + source)
    only(bench, 0x200)
    assert bench["srr1"] & STATUS == 0x40000
    assert bench["dar"] == 0x80000000 + (8 if "8(5)" in source else 0)


@pytest.mark.parametrize("source", ["std 6, 8(5);", "stb 6, 8(5);"])
def test_machine_check_of_a_store_where_no_memory_is(source: str) -> None:
    bench = open_bench()
    bench.run("lis 5, 0x4000;" + source + "li 7, 1;")
    only(bench, 0x200)
    assert bench["srr0"] == ENTRY + 4
    assert bench["srr1"] & STATUS == 0x200000
    assert bench["dar"] == 0x40000008


def test_a_jump_to_where_no_memory_is() -> None:
    bench = open_bench()
    bench.run("lis 5, 0x4000; mtctr 5; bctr;")
    only(bench, 0x200)
    assert bench["srr0"] == bench["dar"] == 0x40000000
    assert bench.hardware.cpus[0].instructions == 3 + 3


def test_reset_is_taken_with_interrupts_off_but_not_while_unrecoverable() -> None:
    bench = open_bench()
    bench.load("again: addi 6, 6, 1; b again")
    cpu = bench.hardware.cpus[0]
    cpu.start(ENTRY, 0)
    assert bench.hardware.engine.inject(0, 0x100)
    for enabled in (0, EE):
        cpu.registers["msr"] = cpu.registers["msr"] | enabled
        assert bench.hardware.run_for(10_000).reason is StopReason.DEADLINE
        assert bench.exceptions == []
    cpu.registers["msr"] = cpu.registers["msr"] & ~EE | 2
    assert bench.hardware.run_for(10_000).reason is StopReason.PANIC
    only(bench, 0x100)


def test_an_instruction_that_faulted_is_not_counted() -> None:
    bench = open_bench()
    bench.run("nop; nop; trap;")
    # Two nops, then in the vector two immediate loads and the hypercall.
    assert bench.hardware.cpus[0].instructions == 2 + 3


def test_assembled_text_is_big_endian() -> None:
    assert assemble("nop") == bytes.fromhex("60000000")
