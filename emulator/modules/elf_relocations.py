"""The relocation sections of a module, as read; what an entry means is :mod:`relocation_types`' matter."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from emulator.modules import elf_constants as elf
from emulator.modules.elf_constants import SectionFlag, SectionType
from emulator.modules.elf_sections import Section
from emulator.modules.elf_symbols import Symbol, SymbolTable
from emulator.modules.refusal import refusal

RELOCATION_LIMIT = 1 << 19
"""Entries of one section, so that a hostile file cannot fill the host's memory."""

_LAYOUT = struct.Struct(">QQq")
_PATCHABLE = frozenset(
    (SectionType.PROGBITS, SectionType.NOTE, SectionType.INIT_ARRAY, SectionType.FINI_ARRAY)
)


@dataclass(frozen=True, slots=True)
class Relocation:
    """One entry: patch ``section`` at ``offset`` with a value made of ``symbol`` and ``addend``."""

    section: Section
    offset: int
    number: int
    symbol: Symbol
    addend: int

    @property
    def place(self) -> str:
        """Where, for messages."""
        return f"{self.section.name}+{self.offset:#x}"

    @property
    def target(self) -> str:
        """To what, for messages."""
        name = self.symbol.name or f"#{self.symbol.index}"
        if not self.addend:
            return name
        return f"{name}{'-' if self.addend < 0 else '+'}{abs(self.addend):#x}"


def parse_relocations(sections: Sequence[Section], table: SymbolTable) -> dict[int, tuple[Relocation, ...]]:
    """Entries of every relocation section, by the section that they patch. Raises ModuleError."""
    found: dict[int, tuple[Relocation, ...]] = {}
    for section in sections:
        if section.kind == SectionType.REL:
            raise refusal(f"{section}: entries without addends, PowerPC64 uses RELA")
        if section.kind != SectionType.RELA:
            continue
        target = _target(section, sections, table)
        if target.index in found:
            raise refusal(f"{section}: a second relocation section for {target.name}")
        found[target.index] = tuple(_entries(section, target, table))
    return found


def _target(section: Section, sections: Sequence[Section], table: SymbolTable) -> Section:
    if section.link != table.section:
        raise refusal(f"{section}: linked to section {section.link}, the symbol table is {table.section}")
    if not 0 < section.info < len(sections):
        raise refusal(f"{section}: patches section {section.info}, there are {len(sections)}")
    target = sections[section.info]
    if target.kind == SectionType.NOBITS:
        raise refusal(f"{section}: patches {target.name}, which has no bytes in the file")
    if target.kind not in _PATCHABLE:
        raise refusal(f"{section}: patches {target.name}, a section of type {target.kind}")
    if target.has(SectionFlag.COMPRESSED):
        raise refusal(f"{target}: compressed", "compile without -gz")
    return target


def _entries(section: Section, target: Section, table: SymbolTable) -> list[Relocation]:
    if section.entries(elf.RELA_SIZE) > RELOCATION_LIMIT:
        raise refusal(f"{section}: {section.size // elf.RELA_SIZE} entries, the limit is {RELOCATION_LIMIT}")
    return [
        _relocation(section, target, table, index, entry)
        for index, entry in enumerate(_LAYOUT.iter_unpack(section.data))
    ]


def _relocation(
    section: Section, target: Section, table: SymbolTable, index: int, entry: tuple[int, int, int]
) -> Relocation:
    offset, info, addend = entry
    symbol = table.at(info >> 32, f"{section}, entry {index}")
    if offset >= target.size:
        raise refusal(f"{section}, entry {index}: at {offset:#x}, {target.name} has {target.size:#x} bytes")
    return Relocation(target, offset, info & 0xFFFF_FFFF, symbol, addend)
