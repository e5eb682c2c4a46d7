"""Records: natural alignment, big-endian, and a clear refusal of what does not fit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.abi.layout import I64, U8, U16, U32, U64, Array, Chars, Field, Record

POINT = Record("Point", Field("x", U16), Field("y", I64))
SHAPE = Record(
    "Shape",
    Field("kind", U8),
    Field("name", Chars(5)),
    Field("corners", Array(POINT, 2)),
    Field("weights", Array(U32, 3)),
    Field("flag", U8),
)


def test_fields_lie_at_their_natural_alignment() -> None:
    assert [POINT.offset("x"), POINT.offset("y"), POINT.size, POINT.alignment] == [0, 8, 16, 8]
    names = ("kind", "name", "corners", "weights", "flag")
    assert [SHAPE.offset(name) for name in names] == [0, 1, 8, 40, 52]
    assert SHAPE.size == 56


def test_bytes_are_big_endian_and_gaps_are_zero() -> None:
    assert POINT.pack(x=0x1234, y=-2) == bytes.fromhex("1234000000000000 fffffffffffffffe")


def test_fields_that_are_not_named_are_zero() -> None:
    assert SHAPE.pack() == bytes(SHAPE.size)


def test_nested_records_and_arrays_come_back() -> None:
    packed = SHAPE.pack(kind=7, name="abcd", corners=[{"x": 1}, {"y": -1}], weights=[1, 2])
    shape = SHAPE.unpack(packed + b"more")
    assert (shape.number("kind"), shape.text("name"), list(shape.numbers("weights"))) == (
        7,
        "abcd",
        [1, 2, 0],
    )
    assert [(corner.number("x"), corner.number("y")) for corner in shape.records("corners")] == [
        (1, 0),
        (0, -1),
    ]


@given(st.integers(0, 2**16 - 1), st.integers(-(2**63), 2**63 - 1))
def test_numbers_come_back(x: int, y: int) -> None:
    values = POINT.unpack(POINT.pack(x=x, y=y))
    assert dict(values) == {"x": x, "y": y}


@given(st.binary(min_size=SHAPE.size, max_size=SHAPE.size))
def test_any_bytes_of_the_guest_can_be_read(data: bytes) -> None:
    assert set(SHAPE.unpack(data)) == {"kind", "name", "corners", "weights", "flag"}


@pytest.mark.parametrize(
    ("record", "values", "message"),
    [
        (POINT, {"x": 0x1_0000}, "Point.x: 0x10000 does not fit 16 bits unsigned"),
        (POINT, {"x": -1}, "Point.x: -0x1 does not fit 16 bits unsigned"),
        (POINT, {"y": 1 << 63}, "Point.y: 0x8000000000000000 does not fit 64 bits signed"),
        (POINT, {"x": "1"}, "Point.x: '1' is not an integer"),
        (POINT, {"z": 1}, "record Point has no field z"),
        (SHAPE, {"name": "abcde"}, "Shape.name: 'abcde' does not fit 4 bytes of text"),
        (SHAPE, {"name": "a\0b"}, "Shape.name: 'a\\x00b' does not fit 4 bytes of text"),
        (SHAPE, {"name": "ééé"}, "Shape.name: 'ééé' does not fit 4 bytes of text"),
        (SHAPE, {"weights": [1, 2, 3, 4]}, "Shape.weights: 4 elements, room for 3"),
        (SHAPE, {"corners": [{"x": -1}]}, "Shape.corners: Point.x: -0x1 does not fit 16 bits unsigned"),
    ],
)
def test_what_does_not_fit_is_refused(record: Record, values: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError) as refusal:  # the whole message is compared below
        record.pack(**values)
    assert str(refusal.value) == message


def test_too_few_bytes_are_refused() -> None:
    with pytest.raises(ValueError, match="record Point takes 16 bytes, there are 15"):
        POINT.unpack(bytes(15))


def test_a_record_needs_fields_with_different_names() -> None:
    for fields in ((), (Field("a", U8), Field("a", U64))):
        with pytest.raises(ValueError, match="record Bad: fields must exist and have different names"):
            Record("Bad", *fields)
