"""Layouts of structures in guest memory: big-endian, every field at its natural alignment.

A :class:`Record` is the one description of a structure. The host packs and unpacks with it; the guest's
struct of the same name is generated from it, and the compiler checks its size and offsets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias, cast

Value: TypeAlias = "int | str | Sequence[Value] | Mapping[str, Value]"
"""What a field holds: a number, text, the elements of an array, or the fields of a nested record."""


class FieldType(Protocol):
    """A type that a field can have: how it lies in memory and how the guest declares it."""

    @property
    def size(self) -> int:
        """Bytes it takes."""

    @property
    def alignment(self) -> int:
        """Bytes to whose multiple its offset is rounded up."""

    def declare(self, name: str) -> str:
        """The C++ declaration of a member of this type, without the semicolon."""

    def encode(self, value: Value) -> bytes:
        """Exactly ``size`` bytes. Raises ValueError when the value does not fit."""

    def decode(self, data: bytes) -> Value:
        """The value of exactly ``size`` bytes."""


@dataclass(frozen=True)
class Scalar:
    """An integer of 1, 2, 4 or 8 bytes."""

    size: int
    signed: bool = False

    @property
    def alignment(self) -> int:
        """A scalar is aligned to its own size."""
        return self.size

    def declare(self, name: str) -> str:
        """For example ``uint64_t name``."""
        return f"{'' if self.signed else 'u'}int{self.size * 8}_t {name}"

    def encode(self, value: Value) -> bytes:
        """Raises ValueError when the value is no integer or out of the type's range."""
        if not isinstance(value, int):
            raise ValueError(f"{value!r} is not an integer")
        try:
            return value.to_bytes(self.size, "big", signed=self.signed)
        except OverflowError:
            kind = "signed" if self.signed else "unsigned"
            raise ValueError(f"{value:#x} does not fit {self.size * 8} bits {kind}") from None

    def decode(self, data: bytes) -> int:
        """The integer of ``size`` bytes."""
        return int.from_bytes(data, "big", signed=self.signed)


U8 = Scalar(1)
U16 = Scalar(2)
U32 = Scalar(4)
U64 = Scalar(8)
I64 = Scalar(8, signed=True)


@dataclass(frozen=True)
class Chars:
    """UTF-8 text in ``size`` bytes, padded with at least one zero byte."""

    size: int

    @property
    def alignment(self) -> int:
        """Characters lie anywhere."""
        return 1

    def declare(self, name: str) -> str:
        """For example ``char name[32]``."""
        return f"char {name}[{self.size}]"

    def encode(self, value: Value) -> bytes:
        """Raises ValueError when the value is no text, holds a zero byte or leaves no room for one."""
        if not isinstance(value, str):
            raise ValueError(f"{value!r} is not text")
        data = value.encode()
        if b"\0" in data or len(data) >= self.size:
            raise ValueError(f"{value!r} does not fit {self.size - 1} bytes of text")
        return data.ljust(self.size, b"\0")

    def decode(self, data: bytes) -> str:
        """The text before the first zero byte; what is not UTF-8 is shown as U+FFFD, never an error."""
        return data.split(b"\0", 1)[0].decode(errors="replace")


@dataclass(frozen=True)
class Array:
    """``count`` elements of one type, without gaps beyond the element's own alignment."""

    element: FieldType
    count: int

    @property
    def size(self) -> int:
        """Bytes of all elements."""
        return self.element.size * self.count

    @property
    def alignment(self) -> int:
        """That of the element."""
        return self.element.alignment

    def declare(self, name: str) -> str:
        """For example ``uint64_t name[4]``; an array of arrays has its outer dimension first."""
        return self.element.declare(f"{name}[{self.count}]")

    def encode(self, value: Value) -> bytes:
        """Fewer values than ``count`` leave zeros. Raises ValueError when there are more, or one is unfit."""
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise ValueError(f"{value!r} is not a sequence")
        if len(value) > self.count:
            raise ValueError(f"{len(value)} elements, room for {self.count}")
        return b"".join(self.element.encode(item) for item in value).ljust(self.size, b"\0")

    def decode(self, data: bytes) -> Sequence[Value]:
        """All ``count`` elements."""
        step = self.element.size
        return [self.element.decode(data[start : start + step]) for start in range(0, self.size, step)]


@dataclass(frozen=True)
class Field:
    """One member of a record; ``doc`` becomes a comment of the guest's struct."""

    name: str
    type: FieldType
    doc: str = ""


@dataclass(frozen=True)
class Placed:
    """A field with the offset in bytes that the layout gave it."""

    field: Field
    offset: int


class Values(Mapping[str, Value]):
    """The fields of an unpacked record, by name; the named accessors also say of which type they are.

    Every access raises KeyError for a name that the record does not have.
    """

    def __init__(self, values: Mapping[str, Value]) -> None:
        self._values = values

    def __getitem__(self, name: str) -> Value:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Values({dict(self._values)!r})"

    def number(self, name: str) -> int:
        """A scalar field."""
        return cast(int, self._values[name])

    def text(self, name: str) -> str:
        """A field of characters."""
        return cast(str, self._values[name])

    def numbers(self, name: str) -> Sequence[int]:
        """An array of scalars."""
        return cast("Sequence[int]", self._values[name])

    def texts(self, name: str) -> Sequence[str]:
        """An array of texts."""
        return cast("Sequence[str]", self._values[name])

    def record(self, name: str) -> Values:
        """A nested record."""
        return cast(Values, self._values[name])

    def records(self, name: str) -> Sequence[Values]:
        """An array of nested records."""
        return cast("Sequence[Values]", self._values[name])


class Record:
    """A structure: named fields in order, each at its natural alignment, the whole padded to the largest.

    A record is a field type itself, so records nest and form arrays.
    """

    def __init__(self, name: str, *fields: Field) -> None:
        """Raises ValueError when there are no fields or two have one name."""
        names = [field.name for field in fields]
        if not names or len(set(names)) != len(names):
            raise ValueError(f"record {name}: fields must exist and have different names")
        self.name = name
        self.placed = tuple(self._place(fields))
        self.alignment = max(field.type.alignment for field in fields)
        last = self.placed[-1]
        self.size = _round_up(last.offset + last.field.type.size, self.alignment)

    @staticmethod
    def _place(fields: Sequence[Field]) -> Iterator[Placed]:
        offset = 0
        for field in fields:
            offset = _round_up(offset, field.type.alignment)
            yield Placed(field, offset)
            offset += field.type.size

    def offset(self, name: str) -> int:
        """Bytes from the start of the record to a field. Raises KeyError for an unknown name."""
        for placed in self.placed:
            if placed.field.name == name:
                return placed.offset
        raise KeyError(name)

    def declare(self, name: str) -> str:
        """For example ``BootInfo name``."""
        return f"{self.name} {name}"

    def pack(self, **values: Value) -> bytes:
        """The record's bytes; a field that is not named is zero.

        Raises ValueError for an unknown field, or a value that does not fit (naming record and field).
        """
        return self.encode(values)

    def unpack(self, data: bytes) -> Values:
        """The fields of at least ``size`` bytes; more are ignored. Raises ValueError when there are fewer."""
        if len(data) < self.size:
            raise ValueError(f"record {self.name} takes {self.size} bytes, there are {len(data)}")
        return self.decode(data)

    def encode(self, value: Value) -> bytes:
        """As :meth:`pack`, from a mapping."""
        if not isinstance(value, Mapping):
            raise ValueError(f"{value!r} is not a mapping of fields")
        unknown = sorted(set(value) - {placed.field.name for placed in self.placed})
        if unknown:
            raise ValueError(f"record {self.name} has no field {unknown[0]}")
        data = bytearray(self.size)
        for placed in self.placed:
            if placed.field.name in value:
                encoded = self._encode_field(placed.field, value[placed.field.name])
                data[placed.offset : placed.offset + len(encoded)] = encoded
        return bytes(data)

    def _encode_field(self, field: Field, value: Value) -> bytes:
        try:
            return field.type.encode(value)
        except ValueError as error:
            raise ValueError(f"{self.name}.{field.name}: {error}") from None

    def decode(self, data: bytes) -> Values:
        """As :meth:`unpack`, from exactly ``size`` bytes."""
        return Values(
            {
                placed.field.name: placed.field.type.decode(
                    data[placed.offset : placed.offset + placed.field.type.size]
                )
                for placed in self.placed
            }
        )


def _round_up(offset: int, alignment: int) -> int:
    return -(-offset // alignment) * alignment
