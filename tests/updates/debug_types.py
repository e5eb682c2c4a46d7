"""Classes of the kernel as its debug information has them: which fields lie where, whoever wrote them."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePath
from typing import Final

from elftools.dwarf.die import DIE
from elftools.elf.elffile import ELFFile

_STRUCTURES: Final = ("DW_TAG_class_type", "DW_TAG_structure_type", "DW_TAG_union_type")
_ALIASES: Final = ("DW_TAG_typedef", "DW_TAG_const_type", "DW_TAG_volatile_type")
_POINTERS: Final = ("DW_TAG_pointer_type", "DW_TAG_reference_type", "DW_TAG_rvalue_reference_type")
_SCOPES: Final = ("DW_TAG_namespace", *_STRUCTURES)
_WORD: Final = re.compile(r"[A-Za-z]\w+")


@dataclass(frozen=True)
class Scalar:
    """A number, a truth value, an enumerator or a pointer to code."""

    size: int


@dataclass(frozen=True)
class Pointer:
    """Also a C++ reference. ``target`` names the class that it leads to; empty: none."""

    target: str
    size: int = 8


@dataclass(frozen=True)
class Array:
    """Elements of one type."""

    element: Type
    count: int


@dataclass(frozen=True)
class Structure:
    """A class, by its qualified name."""

    name: str


Type = Scalar | Pointer | Array | Structure


@dataclass(frozen=True)
class Member:
    """A field, or what is inherited (named after the base class), at its offset."""

    name: str
    offset: int
    type: Type


@dataclass(frozen=True)
class Layout:
    """All that a class consists of."""

    name: str
    size: int
    members: tuple[Member, ...]


class DebugTypes:
    """Of modules and the kernel's image; units are read when something is looked for, modules first."""

    def __init__(self, *images: bytes) -> None:
        self._images = [ELFFile(io.BytesIO(image)).get_dwarf_info() for image in images]
        self._layouts: dict[str, Layout] = {}

    def layout(self, name: str) -> Layout | None:
        """Of a class by its qualified name; None when it is nowhere defined."""
        if name not in self._layouts:
            self._read_for(name)
        return self._layouts.get(name)

    def size(self, kind: Type) -> int:
        """Bytes."""
        match kind:
            case Array(element, count):
                return count * self.size(element)
            case Structure(name):
                layout = self.layout(name)
                assert layout is not None, name
                return layout.size
            case _:
                return kind.size

    @cached_property
    def _unread(self) -> list[tuple[PurePath, DIE]]:
        """Units with their files."""
        tops = (unit.get_top_DIE() for image in self._images for unit in image.iter_CUs())
        return [(PurePath(_name(top)), top) for top in tops]

    @cached_property
    def _folders(self) -> dict[str, PurePath]:
        return {file.stem: file.parent for file, _ in self._unread}

    def _read_for(self, name: str) -> None:
        """A class is mostly defined in a file of its name, else in its folder, else somewhere."""
        stems = {_file_of(word) for word in _WORD.findall(name)}
        folders = {self._folders.get(stem) for stem in stems}
        self._unread.sort(key=lambda unit: (unit[0].stem not in stems, unit[0].parent not in folders))
        while self._unread and name not in self._layouts:
            _, unit = self._unread.pop(0)
            for scope, die in _classes(unit, ""):
                self._layouts.setdefault(scope, _layout(scope, die))


def _file_of(class_name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", class_name).lower()


def _name(die: DIE) -> str:
    attribute = die.attributes.get("DW_AT_name")
    return attribute.value.decode().replace(" *", "*") if attribute else "(anonymous)"


def _classes(parent: DIE, scope: str) -> Iterator[tuple[str, DIE]]:
    """Those that are defined below, with their qualified names."""
    for die in parent.iter_children():
        if die.tag not in _SCOPES:
            continue
        name = f"{scope}::{_name(die)}" if scope else _name(die)
        yield from _classes(die, name)
        if die.tag in _STRUCTURES and "DW_AT_declaration" not in die.attributes:
            yield name, die


def _layout(name: str, die: DIE) -> Layout:
    return Layout(name, _number(die, "DW_AT_byte_size"), tuple(_members(die)))


def _members(die: DIE) -> Iterator[Member]:
    for child in die.iter_children():
        if child.tag == "DW_TAG_inheritance":
            kind = _type(child)
            assert isinstance(kind, Structure)
            yield Member(f"<{kind.name}>", _number(child, "DW_AT_data_member_location"), kind)
        elif child.tag == "DW_TAG_member" and "DW_AT_external" not in child.attributes:
            assert "DW_AT_bit_size" not in child.attributes, f"{_name(die)}::{_name(child)} is a bit field"
            yield Member(_name(child), _number(child, "DW_AT_data_member_location"), _type(child))


def _number(die: DIE, attribute: str) -> int:
    found = die.attributes.get(attribute)
    return int(found.value) if found else 0


def _target(die: DIE) -> DIE | None:
    """What it is of, without names and qualifiers; None: void."""
    while "DW_AT_type" in die.attributes:
        die = die.get_DIE_from_attribute("DW_AT_type")
        if die.tag not in _ALIASES:
            return die
    return None


def _type(die: DIE) -> Type:
    kind = _target(die)
    assert kind is not None, f"{_name(die)} has no type"
    if kind.tag in _STRUCTURES:
        return Structure(_qualified(kind))
    if kind.tag in _POINTERS:
        target = _target(kind)
        return Pointer(_qualified(target) if target is not None and target.tag in _STRUCTURES else "")
    if kind.tag == "DW_TAG_array_type":
        return _array(kind)
    return Scalar(_number(kind, "DW_AT_byte_size"))


def _array(die: DIE) -> Type:
    kind = _type(die)
    for child in reversed([child for child in die.iter_children() if child.tag == "DW_TAG_subrange_type"]):
        kind = Array(kind, _number(child, "DW_AT_count"))
    return kind


def _qualified(die: DIE | None) -> str:
    if die is None or die.tag not in _SCOPES:
        return ""
    scope = _qualified(die.get_parent())
    return f"{scope}::{_name(die)}" if scope else _name(die)
