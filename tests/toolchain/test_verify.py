"""Floating-point, vector and prefixed instructions are recognised; everything else is left alone."""

import re
from pathlib import Path

import pytest
from capstone import CS_ARCH_PPC, CS_MODE_64, CS_MODE_BIG_ENDIAN, Cs

from emulator.errors import BuildError
from tests.toolchain.sources import write_tree
from toolchain.compiler import Compiler, SourceRoot, Unit
from toolchain.verify import check_instructions, classify, offences

FLOATING = """lfs 1, 0(3); lfsu 1, 4(3); lfd 1, 0(3); lfdu 1, 8(3); stfs 1, 0(3); stfsu 1, 4(3); stfd 1, 0(3)
    stfdu 1, 8(3); lfsx 1, 3, 4; stfdx 1, 3, 4; lfiwax 1, 3, 4; stfiwx 1, 3, 4; fadd 1, 2, 3; fadds 1, 2, 3
    fmr 1, 2; fcmpu 0, 1, 2; fctidz 1, 2; mffs 1; mtfsf 255, 1; fmadd 1, 2, 3, 4; fsqrt 1, 2; lxsd 1, 0(3)
    lxssp 1, 0(3)"""
VECTOR = """lvx 1, 3, 4; stvx 1, 3, 4; lvsl 1, 3, 4; lvewx 1, 3, 4; vadduwm 1, 2, 3; vxor 1, 1, 1; mfvscr 1
    dss 0; lxvd2x 1, 3, 4; stxvd2x 1, 3, 4; lxvx 1, 3, 4; stxvx 1, 3, 4; xxlor 1, 2, 3; xvadddp 1, 2, 3
    mtvsrd 1, 3; mfvsrd 3, 1; lxv 1, 0(3); stxv 1, 0(3); stxsd 1, 0(3); lxvp 2, 0(3); lxvl 1, 3, 4
    maddld 3, 4, 5, 6"""
PREFIXED = "pld 3, 0(4); paddi 3, 4, 100000"
INTEGER = """add. 3, 4, 5; addze 3, 4; ld 3, 0(4); ldu 3, 8(4); lwa 3, 0(4); std 3, 0(4); stdu 1, -32(1)
    lq 4, 0(3); stq 4, 0(3); ldarx 3, 0, 4; stdcx. 3, 0, 4; lwarx 3, 0, 4; lhbrx 3, 0, 4; ldbrx 3, 0, 4
    stwbrx 3, 0, 4; isel 3, 4, 5, 2; popcntd 3, 4; cmpb 3, 4, 5; cntlzd 3, 4; mulhdu 3, 4, 5; divdu 3, 4, 5
    sradi 3, 4, 5; rldicl 3, 4, 5, 6; mfocrf 3, 16; mtocrf 16, 3; mtspr 272, 3; mfspr 3, 256; mtmsrd 3, 1
    mfmsr 3; tlbie 3, 0; slbia; dcbz 0, 3; icbi 0, 3; sync; lwsync; eieio; isync; rfid; sc 1; tdi 31, 0, 0
    trap; bctrl; bl . ; crxor 6, 6, 6; lmw 30, 0(3); stmw 30, 0(3); addpcis 3, 0; cmprb 0, 0, 3, 4; nop"""


def assembled(
    directory: Path,
    text: str,
) -> bytes:
    source = f".text\n.globl subject\nsubject:\n{text}\n"
    root = SourceRoot(write_tree(directory, {"unit.S": source}), "test")
    return Compiler.find().compile(Unit(root, "unit.S", ())).object


@pytest.mark.parametrize(
    ("kind", "listing"), [("floating-point", FLOATING), ("vector", VECTOR), ("prefixed", PREFIXED)]
)
def test_each_refused_instruction_is_found(tmp_path: Path, kind: str, listing: str) -> None:
    instructions = re.split(r"[;\n]\s*", listing)
    text = "nop\n" + "\n".join(f"i{index}: {each}" for index, each in enumerate(instructions))
    found = {offence.symbol: offence.kind for offence in offences(assembled(tmp_path, text))}
    missed = [each for index, each in enumerate(instructions) if f"i{index}" not in found]
    assert missed == []
    assert kind in found.values()


def test_integer_and_system_instructions_pass(tmp_path: Path) -> None:
    assert list(offences(assembled(tmp_path, INTEGER))) == []


def test_extended_opcodes_agree_with_an_independent_decoder() -> None:
    decoder = Cs(CS_ARCH_PPC, CS_MODE_64 + CS_MODE_BIG_ENDIAN)
    refused = re.compile(r"lv|stv|lf|stf|lx|stx|m[ft]vs|dst|dss")
    for extended in range(1024):
        word = 31 << 26 | 3 << 21 | 4 << 16 | 5 << 11 | extended << 1
        for instruction in decoder.disasm(word.to_bytes(4, "big"), 0):
            is_refused = refused.match(instruction.mnemonic) is not None
            assert (classify(word) is not None) == is_refused, instruction.mnemonic


def test_the_error_names_symbol_offset_and_instruction(tmp_path: Path) -> None:
    elf = assembled(tmp_path, "nop; .globl second; second: nop; fadd 1, 2, 3; lvx 1, 3, 4")
    with pytest.raises(BuildError) as refusal:
        check_instructions(elf, "x.ko")
    expected = "x.ko: floating-point instruction at second+0x4: fadd f1, f2, f3 (and 1 more)"
    assert str(refusal.value) == expected


def test_data_in_the_text_is_no_code(tmp_path: Path) -> None:
    table = "nop; .type table, @object; .size table, 8; table: .quad 0xfc00002afc00002a"
    assert list(offences(assembled(tmp_path, table))) == []
    assert len(list(offences(assembled(tmp_path, table + "; .long 0xfc00002a")))) == 1


def test_sections_without_code_are_not_read(tmp_path: Path) -> None:
    assert list(offences(assembled(tmp_path, ".section .rodata; .quad 0xfc00002afc00002a"))) == []


def test_a_file_that_is_no_elf_is_refused() -> None:
    with pytest.raises(BuildError, match=r"^x\.ko: not a usable ELF file: "):
        check_instructions(b"no", "x.ko")
