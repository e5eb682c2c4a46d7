"""Putting a calculated value into the field of an instruction or data word."""

from __future__ import annotations

from emulator.modules.relocation_types import Hint, Place, RelocationType

_WORD = 0xFFFF_FFFF_FFFF_FFFF
_SIGN = 1 << 63

# Power ISA I.2.4: BO is 001at, 011at for branches on a condition, 1a00t, 1a01t for those on CTR.
_BO_SHIFT = 21
_BO_KIND = 0x14
_BO_ON_CONDITION = 0x04
_BO_ON_COUNT = 0x10
_OPCODE_LQ = 56
_OPCODE_VECTOR_PAIR = 61


def signed(value: int) -> int:
    """The value modulo 2^64 as a signed number."""
    value &= _WORD
    return value - (1 << 64) if value & _SIGN else value


def required_alignment(row: RelocationType, image: bytes | bytearray, offset: int) -> int:
    """To what the value must be aligned so that no bit is lost: 1, 4, or 16 for a DQ-form instruction."""
    if row.place in (Place.LOW24, Place.LOW14, Place.WORD30):
        return 4
    if row.place is Place.HALF16DS:
        return _ds_mask(image, offset) + 1
    return 1


def patch(row: RelocationType, image: bytearray, offset: int, value: int) -> None:
    """Writes the row's part of a value, already found in range and aligned, at an offset of the image."""
    size = row.place.size
    mask = row.place.mask
    if row.place is Place.HALF16DS:
        mask = 0xFFFF & ~_ds_mask(image, offset)
    old = int.from_bytes(image[offset : offset + size], "big")
    new = (old & ~mask) | (row.part.of(value) & mask)
    if row.hint is not Hint.KEEP:
        new = _predict(new, row.hint is Hint.TAKEN)
    image[offset : offset + size] = new.to_bytes(size, "big")


def _ds_mask(image: bytes | bytearray, offset: int) -> int:
    """Low bits of the halfword that are the instruction's: two in DS form, four in DQ form (lq, lxv)."""
    start = offset & ~3
    instruction = int.from_bytes(image[start : start + 4], "big")
    opcode = instruction >> 26
    vector_pair = opcode == _OPCODE_VECTOR_PAIR and instruction & 3 == 1
    return 15 if opcode == _OPCODE_LQ or vector_pair else 3


def _predict(instruction: int, taken: bool) -> int:
    kind = instruction >> _BO_SHIFT & _BO_KIND
    if kind == _BO_ON_CONDITION:
        agree = 0x02
    elif kind == _BO_ON_COUNT:
        agree = 0x08
    else:
        return instruction
    instruction &= ~(1 << _BO_SHIFT)
    return instruction | (agree | taken) << _BO_SHIFT
