"""From addresses to source lines, by the DWARF line programs of a linked image."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from itertools import chain
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from elftools.dwarf.compileunit import CompileUnit
    from elftools.dwarf.dwarfinfo import DWARFInfo
    from elftools.dwarf.lineprogram import LineProgram


@dataclass(frozen=True)
class SourceLine:
    """A place in a source; ``file`` is as the compiler was given it, ``line`` counts from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


_Piece: TypeAlias = "tuple[int, int, CompileUnit]"
"""Start and end of a contiguous piece of code, and the unit it belongs to."""


class LineTable:
    """The lines of one image. A unit's line program is run when one of its addresses is first asked for."""

    def __init__(self, read_image: Callable[[], bytes]) -> None:
        """``read_image`` gives the ELF file, linked or placed; it is called at the first question."""
        self._read_image = read_image
        self._dwarf: DWARFInfo | None = None
        self._units: list[_Piece] = []
        """Those looked at so far."""
        self._unread: Iterator[_Piece] | None = None
        self._rows: dict[int, list[tuple[int, SourceLine | None]]] = {}

    def find(self, address: int) -> SourceLine | None:
        """The line whose code holds the address; None without debug data for it."""
        unit = self.unit_at(address)
        return None if unit is None else self._in_unit(unit, address)

    def unit_at(self, address: int) -> CompileUnit | None:
        """The debug data of the source file whose code holds the address."""
        pieces = chain(self._units, self._further_units())
        return next((unit for start, end, unit in pieces if start <= address < end), None)

    def _further_units(self) -> Iterator[_Piece]:
        """Each is looked at once, which takes a while, and only until the right one is found."""
        if self._unread is None:
            self._unread = self._read_units()
        for piece in self._unread:
            self._units.append(piece)
            yield piece

    def _in_unit(self, unit: CompileUnit, address: int) -> SourceLine | None:
        rows = self._rows.get(unit.cu_offset)
        if rows is None:
            rows = self._rows[unit.cu_offset] = self._run_line_program(unit)
        position = bisect_right(rows, address, key=lambda row: row[0]) - 1
        return rows[position][1] if position >= 0 else None

    def _read_units(self) -> Iterator[_Piece]:
        from elftools.elf.elffile import ELFFile  # slow to import, and only a backtrace needs it

        elf = ELFFile(BytesIO(self._read_image()))
        if not elf.has_dwarf_info():
            return
        self._dwarf = elf.get_dwarf_info()
        for unit in self._dwarf.iter_CUs():
            yield from self._pieces(unit)

    def _pieces(self, unit: CompileUnit) -> list[_Piece]:
        attributes = unit.get_top_DIE().attributes
        if "DW_AT_ranges" in attributes:
            return [(start, end, unit) for start, end in self._ranges(unit) if start < end]
        if "DW_AT_low_pc" not in attributes or "DW_AT_high_pc" not in attributes:
            return []
        low, high = attributes["DW_AT_low_pc"].value, attributes["DW_AT_high_pc"]
        end = high.value if high.form == "DW_FORM_addr" else low + high.value
        return [(low, end, unit)]

    def _ranges(self, unit: CompileUnit) -> list[tuple[int, int]]:
        from elftools.dwarf.ranges import BaseAddressEntry

        assert self._dwarf is not None
        top = unit.get_top_DIE()
        lists = self._dwarf.range_lists()
        if lists is None:
            return []
        base = top.attributes["DW_AT_low_pc"].value if "DW_AT_low_pc" in top.attributes else 0
        found = []
        for entry in lists.get_range_list_at_offset(top.attributes["DW_AT_ranges"].value, cu=unit):
            if isinstance(entry, BaseAddressEntry):
                base = entry.base_address
            else:
                start = 0 if entry.is_absolute else base
                found.append((start + entry.begin_offset, start + entry.end_offset))
        return found

    def _run_line_program(self, unit: CompileUnit) -> list[tuple[int, SourceLine | None]]:
        """Rows in the order of addresses; None where a sequence ends."""
        assert self._dwarf is not None
        program = self._dwarf.line_program_for_CU(unit)
        if program is None:
            return []
        files: dict[int, str] = {}
        rows: list[tuple[int, SourceLine | None]] = []
        for entry in program.get_entries():
            state = entry.state
            # Line 0 is code of no line in particular: it is shown with the line before it.
            if state is None or (state.line == 0 and not state.end_sequence):
                continue
            if state.file not in files:
                files[state.file] = _file_name(program, state.file)
            line = None if state.end_sequence else SourceLine(files[state.file], state.line)
            rows.append((state.address, line))
        # Of a sequence's end and the start of the next one at the same address, the start counts.
        return sorted(rows, key=lambda row: (row[0], row[1] is not None))


def _file_name(program: LineProgram, number: int) -> str:
    """DWARF 5 counts files and directories from 0; before, from 1, directory 0 being the unit's own."""
    header = program.header
    first = 0 if header.version >= 5 else 1
    if not 0 <= number - first < len(header.file_entry):
        return "?"
    entry = header.file_entry[number - first]
    name = entry.name.decode(errors="replace")
    directory = ""
    if 0 <= entry.dir_index - first < len(header.include_directory) and (first == 0 or entry.dir_index):
        directory = header.include_directory[entry.dir_index - first].decode(errors="replace")
    return name if name.startswith("/") or directory in ("", ".") else f"{directory}/{name}"
