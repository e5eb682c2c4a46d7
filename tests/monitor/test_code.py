"""Disassembling and assembling."""

import pytest

from emulator.errors import UsageError
from emulator.monitor.code import assemble, disassemble
from tests.monitor.kernel import symbols


def test_instructions_have_address_word_text_and_label() -> None:
    start = symbols().address("kernel::panic")
    nop, unknown = disassemble(bytes.fromhex("60000000 00000000"), start, symbols())
    assert (nop.address, nop.word, nop.text) == (start, 0x60000000, "nop")
    assert nop.label == "kernel::panic(char const*, ...)+0x0"
    assert unknown.text == ".long 0x00000000"


def test_a_branch_shows_where_it_leads() -> None:
    target = symbols().address("kernel::panic")
    (branch,) = disassemble(assemble(f"bl {target:#x}", target - 8), target - 8, symbols())
    assert branch.text == f"bl {target:#x} <kernel::panic(char const*, ...)+0x0>"


def test_several_instructions_are_assembled_for_their_address() -> None:
    assert assemble("li 3, 1; blr", 0x1000) == bytes.fromhex("38600001 4e800020")


@pytest.mark.parametrize("text", ["frobnicate 1", "", "addi r1, r1"])
def test_what_is_no_instruction_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="assemble"):
        assemble(text, 0)
