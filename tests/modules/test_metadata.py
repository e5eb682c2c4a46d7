"""The metadata record: what goes in comes out, and nothing else is taken."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.abi.module import (
    CLASS_UPDATE_RECORD,
    MODULE_HEADER_RECORD,
    REQUIREMENT_RECORD,
    CallerClass,
    ClassUpdate,
    ModuleMetadata,
)
from tests.modules.samples import metadata

NAMES = st.from_regex(r"[a-z][a-z0-9_-]{0,40}", fullmatch=True)
CLASSES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,20}(::[A-Za-z_][A-Za-z0-9_]{0,20}){0,1}", fullmatch=True)
FORMAT_1_HEADER = 288
UPDATES = st.builds(ClassUpdate, CLASSES, st.integers(0, 4), st.integers(5, 2**32 - 1))


@settings(deadline=None)
@given(
    NAMES,
    st.integers(1, 2**32 - 1),
    st.binary(min_size=20, max_size=20),
    st.lists(UPDATES, max_size=5, unique_by=lambda update: update.name),
    st.lists(NAMES, max_size=5, unique=True),
)
def test_what_is_packed_is_unpacked(
    name: str, revision: int, build_id: bytes, updates: list[ClassUpdate], requires: list[str]
) -> None:
    others = tuple(other for other in requires if other != name)
    packed = ModuleMetadata(name, revision, build_id, tuple(updates), others)
    assert ModuleMetadata.unpack(packed.pack()) == packed


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for contents in (data, metadata().pack()[: len(data)], metadata().pack()[:40] + data):
        try:
            ModuleMetadata.unpack(contents)
        except ValueError as error:
            assert str(error)


def test_a_reader_skips_what_a_later_format_adds_to_its_records() -> None:
    old = metadata(requires=("first", "second"), callers=(CallerClass("a::B", 2),))
    header, rest = old.pack()[: MODULE_HEADER_RECORD.size], old.pack()[MODULE_HEADER_RECORD.size :]
    sizes = {"header_bytes": 8, "update_bytes": 16, "require_bytes": 24, "caller_bytes": 32}
    longer = bytearray(header)
    for name, more in sizes.items():
        at = MODULE_HEADER_RECORD.offset(name)
        longer[at : at + 4] = (int.from_bytes(longer[at : at + 4], "big") + more).to_bytes(4, "big")
    update, requires = rest[: CLASS_UPDATE_RECORD.size], rest[CLASS_UPDATE_RECORD.size :]
    first, requires = requires[: REQUIREMENT_RECORD.size], requires[REQUIREMENT_RECORD.size :]
    second, caller = requires[: REQUIREMENT_RECORD.size], requires[REQUIREMENT_RECORD.size :]
    data = bytes(longer) + b"\1" * 8 + update + b"\2" * 16 + first + b"\3" * 24 + second + b"\4" * 24
    data += caller + b"\5" * 32
    assert ModuleMetadata.unpack(data) == old


def test_a_module_of_the_first_format_has_no_callers() -> None:
    newer = metadata(requires=("first",), irreversible="it writes a new format")
    data = bytearray(newer.pack())
    data[FORMAT_1_HEADER : MODULE_HEADER_RECORD.size] = b""
    for name, value in (("format", 1), ("header_bytes", FORMAT_1_HEADER)):
        at = MODULE_HEADER_RECORD.offset(name)
        data[at : at + 4] = value.to_bytes(4, "big")
    assert ModuleMetadata.unpack(bytes(data)) == newer


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"name": "Upper"}, "module name 'Upper' is not made of a-z, 0-9, _ and -"),
        ({"name": "n" * 48}, f"ModuleHeader.name: '{'n' * 48}' does not fit 47 bytes of text"),
        ({"revision": 2**32}, "revision 4294967296 is not in 1..4294967295"),
        ({"kernel_build_id": b"short"}, "kernel build-id has 5 bytes, not 20"),
        ({"entry": ""}, "entry '' is not the name of a function"),
        ({"updates": (ClassUpdate("a b", 1, 2),)}, "class name 'a b' is not a C++ name"),
        ({"updates": (ClassUpdate("A", 1, 0),)}, "class A v1 -> v0: versions run from 1 to 4294967295"),
        ({"updates": (ClassUpdate("A", 3, 3),)}, "class A v3 -> v3: both versions are the same"),
        ({"updates": (ClassUpdate("A", 1, 2),) * 2}, "class updates name 'A' twice"),
        ({"requires": ("b", "b")}, "requirements name 'b' twice"),
        ({"requires": ("sample",)}, "module 'sample' requires itself"),
        ({"requires": ("B",)}, "required module name 'B' is not made of a-z, 0-9, _ and -"),
        ({"callers": (CallerClass("a b", 2),)}, "caller 'a b' is not a C++ name"),
        (
            {"callers": (CallerClass("A", 1),)},
            "caller A until v1: versions that may change sides run from 2 to 4294967295",
        ),
        ({"callers": (CallerClass("A", 2), CallerClass("A", 3))}, "callers name 'A' twice"),
        ({"requires": tuple(f"m{n}" for n in range(17))}, "17 requirements, the limit is 16"),
    ],
)
def test_what_cannot_be_said_is_refused(changes: dict[str, object], line: str) -> None:
    with pytest.raises(ValueError) as caught:
        metadata(**changes).pack()
    assert str(caught.value) == line
