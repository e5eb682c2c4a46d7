"""Call stubs: code that carries a call further than ``bl`` reaches, or into code that uses another TOC.

A stub goes to the callee's global entry with its address in r12, as ELFv2 (section 2.3.2) asks of an indirect
call. Between two TOCs it saves r2 in the caller's frame (24(r1), where the caller takes it back) and enters
with the callee's: assembly routines of the kernel have no global entry that would set r2 themselves.
"""

from __future__ import annotations

import struct
from typing import Final

STUB_SIZE: Final = 64
"""Bytes kept for one stub, the longest of which has 13 instructions."""

NOP: Final = 0x6000_0000
RESTORE_TOC: Final = 0xE841_0018
"""``ld r2,24(r1)``, which takes the place of the ``nop`` after a call into another TOC."""
TRAP: Final = 0x7FE0_0008

_SAVE_TOC: Final = 0xF841_0018
_MOVE_R12_TO_CTR: Final = 0x7D89_03A6
_BRANCH_CTR: Final = 0x4E80_0420


def far_stub(target: int) -> bytes:
    """Same TOC, out of reach: 7 instructions."""
    return _assemble(*_load_address(12, target), _MOVE_R12_TO_CTR, _BRANCH_CTR)


def toc_stub(target: int, toc: int) -> bytes:
    """Into code whose TOC base is ``toc``: 13 instructions."""
    return _assemble(
        _SAVE_TOC, *_load_address(12, target), *_load_address(2, toc), _MOVE_R12_TO_CTR, _BRANCH_CTR
    )


def _load_address(register: int, value: int) -> tuple[int, ...]:
    """lis, ori, sldi 32, oris, ori: any 64-bit value."""
    target = register << 21
    both = target | register << 16
    return (
        0x3C00_0000 | target | value >> 48 & 0xFFFF,
        0x6000_0000 | both | value >> 32 & 0xFFFF,
        0x7800_07C6 | both,
        0x6400_0000 | both | value >> 16 & 0xFFFF,
        0x6000_0000 | both | value & 0xFFFF,
    )


def _assemble(*words: int) -> bytes:
    """A whole slot; what the stub does not use traps."""
    return struct.pack(f">{STUB_SIZE // 4}I", *words, *[TRAP] * (STUB_SIZE // 4 - len(words)))
