"""The encoding of values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.abi.values import VALUE_DEPTH_MAX, MalformedValues, Value, pack_values, unpack_values

scalars = st.integers(0, 2**64 - 1) | st.text() | st.binary()
values = st.lists(st.recursive(scalars, lambda inner: st.lists(inner, max_size=4), max_leaves=12), max_size=6)


def depth(value: Value) -> int:
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


@given(values.filter(lambda row: depth(row) <= VALUE_DEPTH_MAX + 1))
def test_what_is_packed_is_unpacked(row: list[Value]) -> None:
    assert unpack_values(pack_values(row)) == row


@given(st.binary(max_size=40))
def test_any_bytes_are_values_or_refused(data: bytes) -> None:
    try:
        decoded = unpack_values(data)
    except MalformedValues:
        return
    assert pack_values(decoded) == data


@pytest.mark.parametrize("number", [-1, 2**64])
def test_integers_beyond_64_bits_are_refused(number: int) -> None:
    with pytest.raises(ValueError, match="64 bits"):
        pack_values([number])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x01\0\0", "run past the end"),
        (b"\x02\0\0\0\x05ab", "run past the end"),
        (b"\x02\0\0\0\x01\xff", "not UTF-8"),
        (b"\x04\x01\0\0\0\0\0\0\0\0", "without end"),
        (b"\x05", "where none is open"),
        (b"\x09", "unknown type 9"),
        (b"\x04" * 9 + b"\x05" * 9, "nested deeper"),
    ],
)
def test_damage_is_named(data: bytes, message: str) -> None:
    with pytest.raises(MalformedValues, match=message):
        unpack_values(data)
