"""Loops and straight code, found by their disassembly."""

from itertools import pairwise

import pytest

from emulator.bench.call_code import loop_of, straight_code_of
from emulator.errors import UsageError
from tests.system.machines import ready_machine


def test_a_loop_begins_where_its_branch_leads() -> None:
    with ready_machine() as machine:
        loop = loop_of(machine, "kernel::length")
        assert f"{loop[0].address:#x}" in loop[-1].text
        assert all(after.address == each.address + 4 for each, after in pairwise(loop))


def test_a_function_without_a_loop_is_refused() -> None:
    with ready_machine() as machine, pytest.raises(UsageError, match="no loop"):
        loop_of(machine, "objects_refused_call")


def test_straight_code_ends_with_its_return() -> None:
    with ready_machine() as machine:
        assert [each.text.split()[0] for each in straight_code_of(machine, "objects_refused_call")] == [
            "ld",
            "li",
            "blr",
        ]
        with pytest.raises(UsageError, match="straight"):
            straight_code_of(machine, "kernel::length")
