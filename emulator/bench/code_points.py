"""Places in the guest's functions: where they begin and end, and where they call each other."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from typing import Final

from emulator.errors import UsageError
from emulator.monitor.code import INSTRUCTION_SIZE, Instruction
from emulator.system import Machine

FUNCTION_MAX: Final = 1024
"""Instructions of the largest function that is looked into."""
STRAIGHT_MAX: Final = 96
"""Up to a branch, of those among which a point may lie. Of 180, each of them logged, blocks were cut."""
_BRANCHES: Final = (16, 17, 18)
"""Opcodes of bc, sc and b."""
_BRANCHES_BY_REGISTER: Final = 19
_BY_REGISTER: Final = (16, 18, 528)
"""Extended opcodes of bclr, rfid and bcctr."""
_MTSPR_SPRG3: Final = 0x7C1343A6
_MTSPR_SOURCE: Final = 0x03E00000
"""The bits that say which register it is written from."""
_CONDITIONAL_RETURN: Final = re.compile(r"b[a-z+-]+lr[+-]?\b")
_TAIL_CALL: Final = re.compile(r"bctr$|b(?!l )[a-z+-]* [^<]*<(?P<label>.*)>$")


def returns_of(machine: Machine, function: str) -> list[int]:
    """The instructions by which the function returns; what it returns is in r3 there.

    Raises UsageError when it may end otherwise: in another function, or by a condition.
    """
    body = list(instructions_of(machine, function))
    for each in body:
        if _CONDITIONAL_RETURN.match(each.text) or _leaves(each, body[0]):
            raise UsageError(f"{function} may end elsewhere than at a return: {each}")
    found = [each.address for each in body if each.text == "blr"]
    if not found:
        raise UsageError(f"{function} returns nowhere")
    return found


def calls_of(machine: Machine, function: str, callee: str) -> list[int]:
    """Each call of the one in the other, which returns to the instruction behind it.

    Raises UsageError when there is none.
    """
    found = find_calls(machine, function, callee)
    if not found:
        raise UsageError(f"{function} calls {callee} nowhere")
    return found


def find_calls(machine: Machine, function: str, callee: str) -> list[int]:
    """As ``calls_of``, but there may be none."""
    return [each.address for each in instructions_of(machine, function) if _calls(each, callee)]


def instructions_of(machine: Machine, function: str) -> Iterator[Instruction]:
    """All of the function, as it is in the guest now."""
    name = ""
    for each in machine.monitor.disassemble(function, FUNCTION_MAX):
        owner = each.label.rpartition("+")[0]
        name = name or owner
        if owner != name:
            return
        yield each


def writes_of_sprg3(machine: Machine) -> list[int]:
    """Where the kernel publishes which thread the CPU runs from there on.

    Raises UsageError when there is no such place.
    """
    functions = [each for each in machine.symbols.kernel.index.ranges if each.is_function]
    found = {
        each.start + offset
        for each in functions
        for offset in _words_like(_MTSPR_SPRG3, machine.cpus[0].read(each.start, each.size) or b"")
    }
    if not found:
        raise UsageError("this kernel does not publish its threads in SPRG3")
    return sorted(found)


def check_can_be_logged(machine: Machine, address: int) -> None:
    """Raises UsageError where a point could change the run: the engine's blocks must stay as they are.

    It makes a block shorter when what it translates to becomes too large, calls of the log included.
    """
    straight = 1  # the branch
    for step in (-INSTRUCTION_SIZE, INSTRUCTION_SIZE):
        place = address if step > 0 else address + step
        while straight <= STRAIGHT_MAX and not _is_branch(machine, place):
            straight, place = straight + 1, place + step
    if straight > STRAIGHT_MAX:
        raise UsageError(
            f"{address:#x} lies in over {STRAIGHT_MAX} instructions without a branch: it cannot be logged"
        )


def _is_branch(machine: Machine, address: int) -> bool:
    """Or not an instruction at all."""
    code = machine.cpus[0].read(address, INSTRUCTION_SIZE)
    if code is None:
        return True
    word = int.from_bytes(code, "big")
    return word >> 26 in _BRANCHES or (
        word >> 26 == _BRANCHES_BY_REGISTER and word >> 1 & 0x3FF in _BY_REGISTER
    )


def _calls(instruction: Instruction, callee: str) -> bool:
    return instruction.text.startswith("bl ") and f"<{callee}(" in instruction.text


def _leaves(instruction: Instruction, first: Instruction) -> bool:
    jump = _TAIL_CALL.match(instruction.text)
    return jump is not None and _owner(jump["label"] or "") != _owner(first.label)


def _owner(label: str) -> str:
    return label.rpartition("+")[0]


def _words_like(wanted: int, code: bytes) -> Iterator[int]:
    """Offsets of the instructions that differ from ``wanted`` in their source register at most."""
    for index, (word,) in enumerate(struct.iter_unpack(">I", code)):
        if word & ~_MTSPR_SOURCE == wanted:
            yield index * INSTRUCTION_SIZE
