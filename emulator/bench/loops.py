"""The loops that the engine is measured with; the same code runs on this machine and on QEMU.

A loop finds r1 = a stack, r3 = 4 KiB of data of its own and r31 = iterations, and ends at the label ``done``,
which who runs it provides. At r3 the data begin with the address of a table whose second entry is the method.
"""

from dataclasses import dataclass
from typing import Final

import keystone

METHOD_OFFSET: Final = 32
"""Of the label ``method`` from the start of the loop ``calls``, bytes."""


@dataclass(frozen=True)
class Loop:
    """Assembly of one loop."""

    name: str
    source: str


CALLS: Final = Loop(
    "calls",
    """
loop:
    ld 12, 0(3); ld 12, 8(12); mtctr 12; bctrl
    addi 31, 31, -1; cmpdi 31, 0; bne loop
    b done
method:
    mflr 0; std 0, 16(1); stdu 1, -64(1)
    ld 9, 8(3); addi 9, 9, 1; std 9, 8(3); xor 10, 9, 11; add 11, 10, 9
    addi 1, 1, 64; ld 0, 16(1); mtlr 0; blr
""",
)
"""A virtual call and a small method, 19 instructions an iteration: what an object kernel does most."""

MEMORY: Final = Loop(
    "memory",
    """
loop:
    ld 5, 0(3); ld 6, 8(3); add 7, 5, 6; std 7, 16(3)
    ld 8, 24(3); ld 9, 32(3); add 10, 8, 9; std 10, 40(3)
    lwz 5, 48(3); addi 5, 5, 1; stw 5, 48(3)
    ld 6, 56(3); xor 6, 6, 5; std 6, 56(3)
    addi 31, 31, -1; cmpdi 31, 0; bne loop
    b done
""",
)
"""Ten loads and stores in a block of 17."""

SHORT_BLOCKS: Final = Loop(
    "short blocks",
    """
loop:
    addi 5, 5, 1; andi. 6, 5, 1; beq even
    addi 7, 7, 3; xor 8, 7, 5; b next
even:
    addi 8, 8, 5; add 7, 7, 8
next:
    andi. 6, 5, 3; bne more
    addi 9, 9, 1
more:
    addi 31, 31, -1; cmpdi 31, 0; bne loop
    b done
""",
)
"""Blocks of two to four instructions: the worst for anything that counts by blocks."""

_COPIED_WORDS: Final = 16

LONG_BLOCKS: Final = Loop(
    "long blocks",
    "loop: "
    + "".join(f"ld 5, {8 * word}(3); std 5, {128 + 8 * word}(3);" for word in range(1, _COPIED_WORDS))
    + "addi 31, 31, -1; cmpdi 31, 0; bne loop; b done;",
)
"""30 loads and stores in a block of 33: beside ``memory`` it tells what a block costs by itself."""

LOOPS: Final = (CALLS, MEMORY, LONG_BLOCKS, SHORT_BLOCKS)


def assemble(source: str, address: int) -> bytes:
    """Machine code for ``address``."""
    assembler = keystone.Ks(keystone.KS_ARCH_PPC, keystone.KS_MODE_PPC64 | keystone.KS_MODE_BIG_ENDIAN)
    code, _ = assembler.asm(source, address)
    return bytes(code)
