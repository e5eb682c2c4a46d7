"""Section groups: the COMDAT copies of inline functions, templates, vtables and inline variables."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from emulator.modules import elf_constants as elf
from emulator.modules.elf_constants import SectionFlag, SectionType
from emulator.modules.elf_sections import Section
from emulator.modules.elf_symbols import SymbolTable
from emulator.modules.refusal import refusal


@dataclass(frozen=True)
class Group:
    """Sections that are kept or dropped together, known by the name of their signature symbol."""

    signature: str
    members: tuple[int, ...]


def parse_groups(sections: Sequence[Section], table: SymbolTable) -> tuple[Group, ...]:
    """Reads all groups. Raises ModuleError when one is malformed, or two share a signature or a section."""
    groups: dict[str, Group] = {}
    owner: dict[int, str] = {}
    for section in sections:
        if section.kind != SectionType.GROUP:
            continue
        group = _group(section, sections, table)
        if group.signature in groups:
            raise refusal(f"{section}: a second group with signature {group.signature}")
        for member in group.members:
            if member in owner:
                raise refusal(f"{sections[member]}: in the groups {owner[member]} and {group.signature}")
            owner[member] = group.signature
        groups[group.signature] = group
    for section in sections:
        if section.has(SectionFlag.GROUP) and section.index not in owner:
            raise refusal(f"{section}: marked as a group's member, in no group")
    return tuple(groups.values())


def _group(section: Section, sections: Sequence[Section], table: SymbolTable) -> Group:
    if section.link != table.section:
        raise refusal(f"{section}: linked to section {section.link}, the symbol table is {table.section}")
    section.entries(4)
    signature = table.at(section.info, f"{section}, signature")
    name = signature.name or (sections[signature.section].name if signature.section < len(sections) else "")
    words = [word for (word,) in struct.iter_unpack(">I", section.data)]
    if not words or words[0] & ~elf.GROUP_COMDAT:
        raise refusal(f"{section}: group flags {words[0] if words else 'missing'}, expected 1 (COMDAT)")
    for member in words[1:]:
        _check_member(section, member, sections)
    return Group(name, tuple(words[1:]))


def _check_member(section: Section, member: int, sections: Sequence[Section]) -> None:
    if not 0 < member < len(sections):
        raise refusal(f"{section}: member {member}, there are {len(sections)} sections")
    if not sections[member].has(SectionFlag.GROUP):
        raise refusal(f"{section}: member {sections[member]} is not marked as a group's member")
