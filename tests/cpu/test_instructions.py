"""One program or more for each group of instructions, with the results that the Power ISA gives."""

import pytest

from tests.machine.program import open_bench

MASK = (1 << 64) - 1

RESULTS = [
    ("add", "li 5, 7; li 6, -9; add 7, 5, 6", {"r7": -2}),
    ("add carrying", "li 5, -1; addic 7, 5, 1; addze 8, 7", {"r7": 0, "r8": 1}),
    ("subtract from", "li 5, 3; li 6, 10; subf 7, 5, 6; neg 8, 7", {"r7": 7, "r8": -7}),
    ("multiply low", "li 5, -3; li 6, 7; mulld 7, 5, 6; mulli 8, 6, 100", {"r7": -21, "r8": 700}),
    ("multiply high", "li 5, -1; li 6, 2; mulhdu 7, 5, 6; mulhd 8, 5, 6", {"r7": 1, "r8": -1}),
    ("divide", "li 5, -20; li 6, 6; divd 7, 5, 6; li 9, 20; divdu 8, 9, 6", {"r7": -3, "r8": 3}),
    (
        "logical",
        "li 5, 0xFF; li 6, 0x0F; and 7, 5, 6; xor 8, 5, 6; nor 9, 5, 6",
        {"r7": 0x0F, "r8": 0xF0, "r9": -256},
    ),
    (
        "immediate",
        "lis 5, 0x1234; ori 5, 5, 0x5678; andi. 6, 5, 0xFF; oris 7, 6, 1",
        {"r6": 0x78, "r7": 0x10078},
    ),
    ("extend", "li 5, 0x80; extsb 6, 5; lis 7, -32768; extsw 8, 7", {"r6": -128, "r8": -(1 << 31)}),
    ("count zeros", "li 5, 1; cntlzd 6, 5; cntlzw 7, 5", {"r6": 63, "r7": 31}),
    ("population", "li 5, 0x77; popcntd 6, 5", {"r6": 6}),
    ("rotate", "li 5, 1; rldicr 6, 5, 60, 63; rldicl 7, 6, 8, 0", {"r6": 1 << 60, "r7": 1 << 4}),
    ("rotate word", "li 5, 0xFF; rlwinm 6, 5, 4, 20, 27; slwi 7, 5, 8", {"r6": 0xFF0, "r7": 0xFF00}),
    ("insert", "li 5, 0; li 6, 0x5; rldimi 5, 6, 8, 48", {"r5": 0x500}),
    (
        "shift",
        "li 5, -16; li 6, 2; srad 7, 5, 6; srd 8, 5, 6; sld 9, 5, 6",
        {"r7": -4, "r8": MASK >> 2 & ~3, "r9": -64},
    ),
    ("shift algebraic carries", "li 5, -1; sradi 6, 5, 1; li 7, 0; addze 8, 7", {"r6": -1, "r8": 1}),
    ("compare and branch", "li 5, 1; cmpdi 5, 2; blt less; li 6, 1; less: li 7, 5", {"r6": 0, "r7": 5}),
    ("branch on count", "li 5, 10; mtctr 5; li 6, 0; again: addi 6, 6, 1; bdnz again", {"r6": 10}),
    ("branch and link", "bl sub; li 6, 1; b end; sub: li 5, 2; blr; end: nop", {"r5": 2, "r6": 1}),
    ("branch to counter", "lis 5, 1; ori 5, 5, 16; mtctr 5; bctr; li 6, 9; li 7, 3", {"r6": 9, "r7": 3}),
    ("condition register", "li 5, 1; cmpdi 5, 1; crand 0, 2, 2; mfcr 6; srdi 6, 6, 28", {"r6": 0xA}),
    ("special registers", "li 5, 77; mtlr 5; mflr 6; mtspr 272, 5; mfspr 7, 272", {"r6": 77, "r7": 77}),
    (
        "load and store",
        "lis 5, 2; li 6, -2; std 6, 8(5); ld 7, 8(5); lwz 8, 12(5); lha 9, 14(5); lbz 10, 15(5)",
        {"r7": -2, "r8": 0xFFFFFFFE, "r9": -2, "r10": 0xFE},
    ),
    (
        "big-endian",
        "lis 5, 2; lis 6, 0x1122; ori 6, 6, 0x3344; stw 6, 0(5); lbz 7, 0(5); lhz 8, 2(5)",
        {"r7": 0x11, "r8": 0x3344},
    ),
    (
        "update forms",
        "lis 5, 2; li 6, 5; stdu 6, 16(5); ld 7, 0(5); lwzu 8, 4(5)",
        {"r7": 5, "r8": 5, "r5": 0x20014},
    ),
    ("indexed", "lis 5, 2; li 6, 24; li 7, 99; stdx 7, 5, 6; ldx 8, 5, 6", {"r8": 99}),
    (
        "byte reversed",
        "lis 5, 2; lis 6, 0x1122; ori 6, 6, 0x3344; stwbrx 6, 0, 5; lwz 7, 0(5)",
        {"r7": 0x44332211},
    ),
    ("multiple", "lis 5, 2; li 29, 1; li 30, 2; li 31, 3; stmw 29, 0(5); li 31, 0; lmw 29, 0(5)", {"r31": 3}),
    (
        "reservation",
        "lis 5, 2; ldarx 6, 0, 5; addi 6, 6, 1; stdcx. 6, 0, 5; mfcr 7; ld 8, 0(5); srdi 7, 7, 28",
        {"r8": 1, "r7": 2},
    ),
    (
        "lost reservation",
        "lis 5, 2; ldarx 6, 0, 5; li 7, 9; std 7, 0(5); stdcx. 6, 0, 5; mfcr 7; srdi 7, 7, 28",
        {"r7": 0},
    ),
    ("zero a cache block", "lis 5, 2; li 6, 1; std 6, 8(5); dcbz 0, 5; ld 7, 8(5)", {"r7": 0}),
]


@pytest.mark.parametrize(
    ("source", "expected"), [row[1:] for row in RESULTS], ids=[row[0] for row in RESULTS]
)
def test_result(source: str, expected: dict[str, int]) -> None:
    bench = open_bench()
    bench.run(source + ";")
    assert bench.exceptions == []
    assert {name: bench[name] for name in expected} == {
        name: value & MASK for name, value in expected.items()
    }


@pytest.mark.parametrize("value", [0, 0x80000000, 0x40000000, 0x20000000, 0xE00C007F, 0x80080000, 0x00040000])
def test_xer_is_correct_both_ways(value: int) -> None:
    bench = open_bench()
    bench["xer"] = value
    assert bench["xer"] == value
    bench.run("mfxer 5; lis 6, 0x2000; mtxer 6;")
    assert bench["r5"] == value
    assert bench["xer"] == 0x20000000


def test_xer_shows_carry_and_overflow() -> None:
    bench = open_bench()
    bench.run(
        "li 5, -1; li 6, 1; addc 7, 5, 6; lis 8, 0x7FFF; sldi 8, 8, 32; .long 0x7d284614;"
    )  # addo 9, 8, 8
    assert bench["xer"] & 0xE0000000 == 0xE0000000


def test_every_named_register_reads_back() -> None:
    bench = open_bench()
    for number, name in enumerate(
        ["r0", "r13", "r31", "lr", "ctr", "sprg0", "sprg3", "srr0", "srr1", "hsrr0", "f7"]
    ):
        bench[name] = 0x1234_0000_0000_0000 + number
        assert bench[name] == 0x1234_0000_0000_0000 + number
    bench["cr"] = 0x87654321
    assert bench["cr"] == 0x87654321
