"""What a loop of calls consists of, by its disassembly."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile
from typing import Final

from emulator.errors import UsageError
from emulator.monitor.code import INSTRUCTION_SIZE, Instruction
from emulator.system import Machine

_FUNCTION_MAX: Final = 256
_BRANCH: Final = re.compile(r"b\w+ (?:cr\d, )?0x(?P<target>[0-9a-f]+)")
_RETURN: Final = "blr"


def loop_of(machine: Machine, function: str) -> Sequence[Instruction]:
    """The instructions of one pass of a function's only loop, in their order. Raises UsageError."""
    code = _function(machine, function)
    for each in code:
        branch = _BRANCH.match(each.text)
        if branch is None or each.text.startswith("bl "):
            continue
        start = int(branch["target"], 16)
        if code[0].address <= start < each.address:
            return [inside for inside in code if start <= inside.address <= each.address]
    raise UsageError(f"{function} has no loop")


def straight_code_of(machine: Machine, function: str) -> Sequence[Instruction]:
    """A function that only runs from its first instruction to its return. Raises UsageError."""
    code = _function(machine, function)
    body = [*takewhile(lambda each: each.text != _RETURN, code)]
    if len(body) == len(code) or any(each.text.startswith("b") for each in body):
        raise UsageError(f"{function} does not run straight to its return")
    return code[: len(body) + 1]


def _function(machine: Machine, function: str) -> Sequence[Instruction]:
    code = machine.monitor.disassemble(function, _FUNCTION_MAX)
    name = code[0].label.rpartition("+")[0]
    end = next((at for at, each in enumerate(code) if each.label.rpartition("+")[0] != name), len(code))
    assert code[end - 1].address == code[0].address + (end - 1) * INSTRUCTION_SIZE
    return code[:end]
