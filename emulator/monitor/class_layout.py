"""Where the members of a class lie, by the DWARF data of the source file that defines it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from elftools.dwarf.compileunit import CompileUnit
    from elftools.dwarf.die import DIE

_CLASSES: Final = ("DW_TAG_class_type", "DW_TAG_structure_type")


def member_offsets(unit: CompileUnit, class_name: str) -> dict[str, int]:
    """Bytes from an object's start, by name; empty when the file does not define the class.

    ``class_name`` is without namespaces.
    """
    for die in unit.iter_DIEs():
        if die.tag in _CLASSES and _name(die) == class_name and "DW_AT_declaration" not in die.attributes:
            return {
                _name(member): int(member.attributes["DW_AT_data_member_location"].value)
                for member in die.iter_children()
                if member.tag == "DW_TAG_member" and "DW_AT_data_member_location" in member.attributes
            }
    return {}


def _name(die: DIE) -> str:
    attribute = die.attributes.get("DW_AT_name")
    return "" if attribute is None else attribute.value.decode(errors="replace")
