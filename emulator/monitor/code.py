"""Guest instructions as text, and text as guest instructions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from emulator.errors import UsageError
from emulator.monitor.symboliser import Symboliser

INSTRUCTION_SIZE: Final = 4
ADDRESS_SIZE: Final = 8
_BRANCH: Final = re.compile(r"0x[0-9a-f]{8,16}$")


@dataclass(frozen=True)
class Instruction:
    """One instruction of guest memory."""

    address: int
    word: int
    text: str
    label: str
    """``symbol+offset`` of its address, empty when there is none."""

    def __str__(self) -> str:
        return f"{self.address:#018x} {self.word:08x}  {self.text:<40} {self.label}".rstrip()


def disassemble(data: bytes, address: int, symbols: Symboliser) -> Iterator[Instruction]:
    """Each word of ``data``, which lies at ``address``; what is no instruction is shown as ``.long``."""
    import capstone  # the binding loads a large library

    engine = capstone.Cs(capstone.CS_ARCH_PPC, capstone.CS_MODE_64 | capstone.CS_MODE_BIG_ENDIAN)
    for offset in range(0, len(data) - len(data) % INSTRUCTION_SIZE, INSTRUCTION_SIZE):
        piece = data[offset : offset + INSTRUCTION_SIZE]
        word, at = int.from_bytes(piece, "big"), address + offset
        found = next(engine.disasm_lite(piece, at, 1), None)
        text = f".long {word:#010x}" if found is None else f"{found[2]} {_named(found[3], symbols)}".rstrip()
        yield Instruction(at, word, text, _label(at, symbols))


def assemble(text: str, address: int) -> bytes:
    """Instructions, separated by ``;`` or new lines, for an address. Raises UsageError."""
    import keystone

    engine = keystone.Ks(keystone.KS_ARCH_PPC, keystone.KS_MODE_PPC64 | keystone.KS_MODE_BIG_ENDIAN)
    try:
        encoded, _count = engine.asm(text, address)
    except keystone.KsError as error:
        raise UsageError(f"assemble {text!r}: {error}") from None
    if not encoded:
        raise UsageError(f"assemble {text!r}: no instruction")
    return bytes(encoded)


def _label(address: int, symbols: Symboliser) -> str:
    location = symbols.locate_symbol(address)
    return f"{location.symbol}+{location.offset:#x}" if location.symbol else ""


def _named(operands: str, symbols: Symboliser) -> str:
    """A branch's target is followed by its name."""
    target = _BRANCH.search(operands)
    if target is None:
        return operands
    label = _label(int(target.group(), 16), symbols)
    return f"{operands} <{label}>" if label else operands
