"""Refuses code that the guest's CPUs are not set up to run: floating point, vectors, prefixed instructions.

The kernel runs with MSR[FP], MSR[VEC] and MSR[VSX] off and saves none of those registers, so a single such
instruction, which the compiler may choose for something as plain as a copy, would fault at run time.
Instructions are recognised by their primary and extended opcodes (Power ISA 3.0B, book I, appendices).
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from capstone import CS_ARCH_PPC, CS_MODE_64, CS_MODE_BIG_ENDIAN, Cs
from elftools.common.exceptions import ELFError
from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import Section, SymbolTableSection

from emulator.errors import BuildError

_PRIMARY: Final = {
    1: "prefixed",
    4: "vector",
    6: "vector",
    **dict.fromkeys(range(48, 56), "floating-point"),
    57: "floating-point",
    59: "floating-point",
    60: "vector",
    61: "vector",
    63: "floating-point",
}
"""Primary opcodes (bits 0-5) that hold nothing the kernel may use."""

_X_FORM: Final = 31
"""The primary opcode that mixes integer, floating-point and vector instructions by bits 21-30."""

_FLOATING: Final = frozenset(
    # lfsx lfsux lfdx lfdux stfsx stfsux stfdx stfdux lfdpx stfdpx lfiwax lfiwzx stfiwx lfdepx stfdepx
    (535, 567, 599, 631, 663, 695, 727, 759, 791, 919, 855, 887, 983, 607, 735)
)
# fmt: off
_VECTOR: Final = frozenset((
    # VMX: lvsl lvsr lvebx lvehx lvewx lvx lvxl stvebx stvehx stvewx stvx stvxl dst dstst dss
    6, 38, 7, 39, 71, 103, 359, 135, 167, 199, 231, 487, 342, 374, 822,
    # VSX loads: lxsiwzx lxsiwax lxsspx lxsdx lxsibzx lxsihzx lxvx lxvdsx lxvwsx lxvl lxvll
    12, 76, 524, 588, 781, 813, 268, 300, 332, 364, 269, 301,
    # lxvw4x lxvh8x lxvd2x lxvb16x lxvpx lxvrbx lxvrhx lxvrwx lxvrdx
    780, 812, 844, 876, 333, 13, 45, 77, 109,
    # VSX stores: stxsiwx stxsspx stxsdx stxsibx stxsihx stxvx stxvl stxvll
    140, 652, 716, 909, 941, 396, 428, 397, 429,
    # stxvw4x stxvh8x stxvd2x stxvb16x stxvpx stxvrbx stxvrhx stxvrwx stxvrdx
    908, 940, 972, 1004, 461, 141, 173, 205, 237,
    # moves between register files: mfvsrd mfvsrwz mfvsrld mtvsrd mtvsrwa mtvsrwz mtvsrdd mtvsrws
    51, 115, 307, 179, 211, 243, 435, 403,
))
# fmt: on


@dataclass(frozen=True)
class Offence:
    """An instruction that the kernel must not contain."""

    symbol: str
    offset: int
    kind: str
    word: int

    def __str__(self) -> str:
        return f"{self.kind} instruction at {self.symbol}+{self.offset:#x}: {_disassemble(self.word)}"


def classify(word: int) -> str | None:
    """Why a 32-bit instruction word is refused: floating-point, vector or prefixed; None when it is not."""
    primary = word >> 26
    if primary != _X_FORM:
        return _PRIMARY.get(primary)
    extended = word >> 1 & 0x3FF
    if extended in _FLOATING:
        return "floating-point"
    return "vector" if extended in _VECTOR else None


def offences(elf: bytes) -> Iterator[Offence]:
    """Every refused instruction in the executable sections of a big-endian ELF file, in file order.

    What an object symbol covers is data (a table that assembly placed in the text) and is passed over.
    """
    file = ELFFile(io.BytesIO(elf))
    symbols = _Symbols(file)
    for index, section in enumerate(file.iter_sections()):
        if section["sh_flags"] & SH_FLAGS.SHF_EXECINSTR and section["sh_type"] == "SHT_PROGBITS":
            yield from _section_offences(section, index, symbols)


def check_instructions(elf: bytes, name: str) -> None:
    """Raises BuildError that names the first refused instruction of ``name``, and how many there are."""
    try:
        found = list(offences(elf))
    except ELFError as error:
        raise BuildError(f"{name}: not a usable ELF file: {error}") from None
    if found:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise BuildError(f"{name}: {found[0]}{more}")


class _Symbols:
    """Symbols by section: functions and labels to name a place, objects to pass over."""

    def __init__(self, file: ELFFile) -> None:
        self._places: dict[int, list[tuple[int, str]]] = {}
        self._data: dict[int, list[tuple[int, int]]] = {}
        table = file.get_section_by_name(".symtab")
        # Addresses of a linked image are absolute, those of a relocatable file relative to their section.
        linked = file["e_type"] != "ET_REL"
        for symbol in table.iter_symbols() if isinstance(table, SymbolTableSection) else ():
            index, kind = symbol["st_shndx"], symbol["st_info"]["type"]
            if not isinstance(index, int) or kind in ("STT_SECTION", "STT_FILE") or not symbol.name:
                continue
            start = symbol["st_value"] - (file.get_section(index)["sh_addr"] if linked else 0)
            if kind == "STT_OBJECT":
                self._data.setdefault(index, []).append((start, start + symbol["st_size"]))
            else:
                self._places.setdefault(index, []).append((start, symbol.name))
        for places in self._places.values():
            places.sort()

    def is_data(self, section: int, offset: int) -> bool:
        """Whether an object symbol covers the offset."""
        return any(start <= offset < end for start, end in self._data.get(section, ()))

    def nearest(self, section: int, offset: int, fallback: str) -> tuple[str, int]:
        """The last symbol at or before the offset, and the distance from it."""
        before = [place for place in self._places.get(section, ()) if place[0] <= offset]
        start, name = before[-1] if before else (0, fallback)
        return name, offset - start


def _section_offences(section: Section, index: int, symbols: _Symbols) -> Iterator[Offence]:
    data = section.data()
    for offset in range(0, len(data) - 3, 4):
        word = int.from_bytes(data[offset : offset + 4], "big")
        kind = classify(word)
        if kind is not None and not symbols.is_data(index, offset):
            symbol, distance = symbols.nearest(index, offset, section.name)
            yield Offence(symbol, distance, kind, word)


def _disassemble(word: int) -> str:
    decoder = Cs(CS_ARCH_PPC, CS_MODE_64 + CS_MODE_BIG_ENDIAN)
    for instruction in decoder.disasm(word.to_bytes(4, "big"), 0):
        return f"{instruction.mnemonic} {instruction.op_str}".strip()
    return f".long {word:#010x}"
