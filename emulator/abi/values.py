"""Small typed values: the arguments and results of monitor requests, and the portable state of devices.

One byte says the type, then: U64 eight bytes; TEXT and BYTES a four-byte length and the bytes; LIST its
values, then END. All big-endian. Encoding is a function of the values: equal values, equal bytes.
"""

from collections.abc import Sequence
from enum import IntEnum
from typing import Final, TypeAlias

VALUE_DEPTH_MAX: Final = 8
"""Lists within lists."""


class ValueTag(IntEnum):
    """The byte before a value."""

    U64 = 1
    TEXT = 2
    BYTES = 3
    LIST = 4
    END = 5


Value: TypeAlias = "int | str | bytes | Sequence[Value]"


class MalformedValues(ValueError):
    """Bytes that are no encoding of values; the message names the offset."""


def pack_values(values: Sequence[Value]) -> bytes:
    """The encoding of ``values``. Integers are 0..2**64-1. Raises ValueError for one that is not."""
    return b"".join(_pack(value) for value in values)


def unpack_values(data: bytes) -> list[Value]:
    """The values that ``data`` encodes, all of it. Raises MalformedValues."""
    values, end = _unpack_until_end(data, 0, 0)
    if end != len(data):
        raise MalformedValues(f"end of a list at byte {end} where none is open")
    return values


def integer(value: Value) -> int:
    """``value`` if it is an integer; raises MalformedValues."""
    if isinstance(value, int):
        return value
    raise MalformedValues(f"{value!r} is not an integer")


def text(value: Value) -> str:
    """``value`` if it is text; raises MalformedValues."""
    if isinstance(value, str):
        return value
    raise MalformedValues(f"{value!r} is not text")


def blob(value: Value) -> bytes:
    """``value`` if it is bytes; raises MalformedValues."""
    if isinstance(value, bytes):
        return value
    raise MalformedValues(f"{value!r} is not bytes")


def items(value: Value) -> Sequence[Value]:
    """``value`` if it is a list; raises MalformedValues."""
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        return value
    raise MalformedValues(f"{value!r} is not a list")


def _pack(value: Value) -> bytes:
    if isinstance(value, int):
        if not 0 <= value < 1 << 64:
            raise ValueError(f"{value} does not fit 64 bits")
        return bytes([ValueTag.U64]) + value.to_bytes(8, "big")
    if isinstance(value, str):
        return _pack_sized(ValueTag.TEXT, value.encode())
    if isinstance(value, bytes):
        return _pack_sized(ValueTag.BYTES, value)
    return bytes([ValueTag.LIST]) + pack_values(value) + bytes([ValueTag.END])


def _pack_sized(tag: ValueTag, data: bytes) -> bytes:
    return bytes([tag]) + len(data).to_bytes(4, "big") + data


def _unpack_until_end(data: bytes, at: int, depth: int) -> tuple[list[Value], int]:
    """Values from ``at`` to an END (not consumed) or, at the outermost level, the end of the data."""
    values: list[Value] = []
    while at < len(data) and data[at] != ValueTag.END:
        value, at = _unpack_one(data, at, depth)
        values.append(value)
    if depth and at == len(data):
        raise MalformedValues(f"list without end at byte {at}")
    return values, at


def _unpack_one(data: bytes, at: int, depth: int) -> tuple[Value, int]:
    tag = data[at]
    if tag == ValueTag.U64:
        return int.from_bytes(_take(data, at + 1, 8), "big"), at + 9
    if tag in (ValueTag.TEXT, ValueTag.BYTES):
        size = int.from_bytes(_take(data, at + 1, 4), "big")
        body = _take(data, at + 5, size)
        return (_text(body, at) if tag == ValueTag.TEXT else body), at + 5 + size
    if tag != ValueTag.LIST:
        raise MalformedValues(f"unknown type {tag} at byte {at}")
    if depth == VALUE_DEPTH_MAX:
        raise MalformedValues(f"lists nested deeper than {VALUE_DEPTH_MAX} at byte {at}")
    values, end = _unpack_until_end(data, at + 1, depth + 1)
    return values, end + 1


def _take(data: bytes, at: int, size: int) -> bytes:
    if at + size > len(data):
        raise MalformedValues(f"{size} bytes at byte {at} run past the end ({len(data)})")
    return data[at : at + size]


def _text(body: bytes, at: int) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise MalformedValues(f"text at byte {at} is not UTF-8") from None
