"""A placed module as an ELF file at its addresses, with its debug data relocated, for symbolisers and gdb."""

from __future__ import annotations

import struct
from collections.abc import Mapping

from emulator.modules import elf_constants as elf
from emulator.modules.elf_constants import FileType, SectionFlag, SectionType
from emulator.modules.elf_file import ElfObject, read_object
from emulator.modules.elf_header import ElfHeader
from emulator.modules.elf_relocations import Relocation
from emulator.modules.elf_sections import Section
from emulator.modules.elf_symbols import Symbol
from emulator.modules.placed_module import PlacedModule
from emulator.modules.relocation_fields import patch
from emulator.modules.relocation_types import TYPES, Calculation

_TYPE_OFFSET = 16
_SECTION_FLAGS_OFFSET = 8
_SECTION_ADDRESS_OFFSET = 16
_SYMBOL_VALUE_OFFSET = 8


def debug_image(placed: PlacedModule) -> bytes:
    """The module's file with section and symbol addresses filled in and the rest of its relocations gone.

    References of the debug data to code that was not loaded become 0, as a linker makes them.
    """
    source = placed.linked.source
    return _DebugImage(source, read_object(source), placed).build()


class _DebugImage:
    def __init__(self, source: bytes, module: ElfObject, placed: PlacedModule) -> None:
        self._module = module
        self._placed = placed
        self._header = ElfHeader.parse(source, FileType.RELOCATABLE)
        self._image = bytearray(source)
        self._addresses = _section_addresses(placed)

    def build(self) -> bytes:
        struct.pack_into(">H", self._image, _TYPE_OFFSET, FileType.EXECUTABLE)
        for section in self._module.sections:
            self._rewrite_header(section)
            if not section.allocated:
                for relocation in self._module.relocations.get(section.index, ()):
                    self._apply(relocation)
        self._fill_in_symbols()
        self._fill_in_contents()
        return bytes(self._image)

    def _rewrite_header(self, section: Section) -> None:
        """Relocations and groups mean nothing in a linked file, and readers refuse it when it has some."""
        header = self._header.section_offset + section.index * elf.SECTION_HEADER_SIZE
        if section.kind in (SectionType.RELA, SectionType.GROUP):
            self._image[header : header + elf.SECTION_HEADER_SIZE] = bytes(elf.SECTION_HEADER_SIZE)
            return
        flags = section.flags & ~SectionFlag.GROUP
        struct.pack_into(">Q", self._image, header + _SECTION_FLAGS_OFFSET, flags)
        address = self._addresses.get(section.index, 0)
        struct.pack_into(">Q", self._image, header + _SECTION_ADDRESS_OFFSET, address)

    def _apply(self, relocation: Relocation) -> None:
        """Debug data uses ADDR64 and ADDR32 only; what else a file may hold is left as it is."""
        row = TYPES.get(relocation.number)
        section = relocation.section
        if row is None or row.calculation is not Calculation.ABSOLUTE:
            return
        if relocation.offset + row.place.size > section.size:
            return
        value = self._symbol_address(relocation.symbol) + relocation.addend
        patch(row, self._image, section.offset + relocation.offset, value)

    def _symbol_address(self, symbol: Symbol) -> int:
        if symbol.section in self._addresses:
            return self._addresses[symbol.section] + symbol.value
        return symbol.value

    def _fill_in_symbols(self) -> None:
        table = self._module.sections[self._module.table.section]
        for symbol in self._module.symbols:
            if symbol.section in self._addresses:
                place = table.offset + symbol.index * elf.SYMBOL_SIZE + _SYMBOL_VALUE_OFFSET
                struct.pack_into(">Q", self._image, place, self._symbol_address(symbol))

    def _fill_in_contents(self) -> None:
        for kind, segment in self._placed.linked.segments.items():
            for item in segment.placements:
                size = len(item.section.data)
                loaded = self._placed.images[kind][item.offset : item.offset + size]
                self._image[item.section.offset : item.section.offset + size] = loaded


def _section_addresses(placed: PlacedModule) -> Mapping[int, int]:
    return {
        item.section.index: placed.bases[kind] + item.offset
        for kind, segment in placed.linked.segments.items()
        for item in segment.placements
    }
