"""Changed instructions and page tables reach every CPU."""

from emulator.abi.hypercalls import Hypercall
from emulator.bench.radix import EXECUTE, KERNEL, PRIVILEGED, READ, WRITE, PageTables
from emulator.machine import RoundRobin, Until
from tests.machine.program import ENTRY, SC_1, assemble, hypercall, open_bench

LOOP = ENTRY + 0x1000
FLAG = 0x30000


def test_code_sync_reaches_the_other_cpu() -> None:
    bench = open_bench(2, RoundRobin(1_000))
    bench.load("again: li 20, 1; addi 21, 21, 1; b again", LOOP)
    bench.hardware.cpus[1].start(LOOP, 0)
    bench.hardware.run_for(10_000)
    assert bench.hardware.cpus[1].registers["r20"] == 1
    change = (
        f"lis 5, {0x3A80}; ori 5, 5, 2; lis 6, {LOOP >> 16}; ori 6, 6, {LOOP & 0xFFFF}; stw 5, 0(6);"
        f"li 3, {Hypercall.CODE_SYNC}; mr 4, 6; li 5, 4; {SC_1}; b ."
    )
    bench.load(change)
    bench.hardware.cpus[0].start(ENTRY, 0)
    bench.hardware.run_for(10_000)
    assert bench.hardware.cpus[1].registers["r20"] == 2


def test_code_sync_reaches_the_cpu_itself_at_once() -> None:
    bench = open_bench()
    program = (
        "bl patch; mr 21, 20;"
        f"lis 5, {0x3A80}; ori 5, 5, 9; lis 6, {LOOP >> 16}; ori 6, 6, {LOOP & 0xFFFF};"
        f"stw 5, 0(6); li 3, {Hypercall.CODE_SYNC}; mr 4, 6; li 5, 4; {SC_1}; bl patch; mr 22, 20; b end;"
        "patch: mtctr 6; bctr; end: nop;"
    )
    bench.load("li 20, 1; blr", LOOP)
    bench["r6"] = LOOP
    bench.run(f"lis 6, {LOOP >> 16}; ori 6, 6, {LOOP & 0xFFFF};" + program)
    assert (bench["r21"], bench["r22"]) == (1, 9)


def test_a_remapped_page_is_seen_by_the_other_cpu_after_invalidation() -> None:
    bench = open_bench(2, RoundRobin(1_000))
    hardware = bench.hardware
    tables = PageTables(hardware)
    tables.map(KERNEL + 0x20000, 0x20000, READ | EXECUTE | PRIVILEGED)
    tables.map(KERNEL + 0x40000, 0x40000, READ | WRITE | PRIVILEGED)
    hardware.memory.write_word(0x40000, 1)
    hardware.memory.write_word(0x41000, 2)
    hardware.memory.write(0x20000, assemble("again: ld 20, 0(8); b again", KERNEL + 0x20000))
    bench.load(tables.switch_on() + "mfmsr 5; ori 5, 5, 0x30; mtspr 27, 5; rfid", LOOP)
    other = hardware.cpus[1]
    other.registers["srr0"], other.registers["r8"] = KERNEL + 0x20000, KERNEL + 0x40000
    other.start(LOOP, 0)
    hardware.run_for(5_000)
    assert other.registers["r20"] == 1
    tables.map(KERNEL + 0x40000, 0x41000, READ | WRITE | PRIVILEGED)
    hardware.run_for(5_000)
    assert other.registers["r20"] == 1, "without an invalidation the old entry stays, as on a real CPU"
    bench.load(f"li 3, {Hypercall.TLB_INVALIDATE}; li 4, 0; li 5, 0; {SC_1}; b .")
    hardware.cpus[0].start(ENTRY, 0)
    hardware.run_for(5_000)
    assert other.registers["r20"] == 2


def test_one_address_is_another_frame_on_each_cpu() -> None:
    bench = open_bench(2, RoundRobin(1_000))
    hardware = bench.hardware
    for cpu in hardware.cpus:
        frame, entry = 0x40000 + 0x1000 * cpu.id, ENTRY + 0x1000 * cpu.id
        tables = PageTables(hardware, base=0x400000 + 0x100000 * cpu.id)
        tables.map(KERNEL + 0x20000, 0x20000, READ | EXECUTE | PRIVILEGED)
        tables.map(KERNEL + 0x50000, frame, READ | WRITE | PRIVILEGED)
        hardware.memory.write_word(frame, 100 + cpu.id)
        bench.load(tables.switch_on() + "mfmsr 5; ori 5, 5, 0x30; mtspr 27, 5; rfid", entry)
        cpu.registers["srr0"], cpu.registers["r8"] = KERNEL + 0x20000, KERNEL + 0x50000
        cpu.start(entry, 0)
    hardware.memory.write(0x20000, assemble("ld 20, 0(8); addi 21, 20, 50; std 21, 8(8); here: b here", 0))
    hardware.run_for(5_000)
    assert [cpu.registers["r20"] for cpu in hardware.cpus] == [100, 101]
    assert [hardware.memory.read_word(0x40008 + 0x1000 * cpu) for cpu in (0, 1)] == [150, 151]
    assert hardware.cpus[1].translate(KERNEL + 0x50008) == 0x41008
    assert hardware.cpus[1].read(KERNEL + 0x50000, 8) == (101).to_bytes(8, "big")
    assert hardware.cpus[1].translate(KERNEL + 0x60000) is None


def test_translations_follow_what_a_part_of_a_block_changed() -> None:
    """A slice that ends between writing PIDR and the access must leave no stale entry of the old process."""
    bench = open_bench()
    hardware = bench.hardware
    tables = PageTables(hardware)
    tables.map(KERNEL + 0x20000, 0x20000, READ | EXECUTE | PRIVILEGED)
    for pid in (1, 2):
        tables.map(0x10000000, 0x40000 + 0x1000 * pid, READ | WRITE, pid=pid)
        hardware.memory.write_word(0x40000 + 0x1000 * pid, pid)
    switch = "ld 20, 0(8); mtspr 48, 9; isync; ld 21, 0(8); mtspr 48, 10; isync; ld 22, 0(8);"
    hardware.memory.write(0x20000, assemble(switch + hypercall(0x7000), KERNEL + 0x20000))
    bench.load(tables.switch_on() + "mfmsr 5; ori 5, 5, 0x30; mtspr 27, 5; rfid")
    saved = hardware.save()
    for cut in range(1, 25):
        hardware.restore(saved)
        cpu = hardware.cpus[0]
        for name, value in (("srr0", KERNEL + 0x20000), ("r8", 0x10000000), ("r9", 2), ("r10", 1)):
            cpu.registers[name] = value
        cpu.start(ENTRY, 0)
        hardware.run(Until(cpu=0, instructions=cut))
        hardware.run_for(10_000)
        assert [cpu.registers[name] for name in ("r20", "r21", "r22")] == [1, 2, 1], cut
