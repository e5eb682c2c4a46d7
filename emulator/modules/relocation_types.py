"""Every relocation type of PowerPC64 as data (ELFv2 ABI for Power, section 3.5; numbers as in its table
3.27).

A row says what value is calculated, which part of it goes into which field, and how it is checked. What is
not in :data:`TYPES` is refused; :data:`REFUSED` gives the types of the ABI that are, each with the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final


class Calculation(Enum):
    """The value, in the ABI's letters: S symbol, A addend, P place, L local entry offset of the symbol."""

    NOTHING = auto()
    """The entry marks a place; nothing is written."""
    ABSOLUTE = auto()
    """S + A"""
    ABSOLUTE_LOCAL = auto()
    """S + L + A"""
    RELATIVE = auto()
    """S + A - P"""
    BRANCH = auto()
    """S + L + A - P: the branch stays in the module, or reaches its target without a stub"""
    CALL = auto()
    """As BRANCH, through a stub where that does not reach or the callee has another TOC"""
    TOC_RELATIVE = auto()
    """S + A - .TOC."""
    TOC_BASE = auto()
    """.TOC. + A"""
    GOT_RELATIVE = auto()
    """Address of an entry that holds S + A, - .TOC."""


class Part(Enum):
    """Which bits of the value go into the field. ``A`` parts are adjusted for the sign of the part below."""

    WHOLE = (0, 0)
    """All of it, or what of its low end the field takes."""
    HIGH = (16, 0)
    HIGHA = (16, 0x8000)
    HIGHER = (32, 0)
    HIGHERA = (32, 0x8000)
    HIGHEST = (48, 0)
    HIGHESTA = (48, 0x8000)

    def of(self, value: int) -> int:
        """The part, not yet cut to the field."""
        shift, adjust = self.value
        return (value + adjust) >> shift


class Place(Enum):
    """The field: bytes that are read and written, and the mask of the bits that change."""

    WORD64 = (8, 0xFFFF_FFFF_FFFF_FFFF)
    WORD32 = (4, 0xFFFF_FFFF)
    WORD30 = (4, 0xFFFF_FFFC)
    LOW24 = (4, 0x03FF_FFFC)
    LOW14 = (4, 0x0000_FFFC)
    HALF16 = (2, 0xFFFF)
    HALF16DS = (2, 0xFFFC)

    @property
    def size(self) -> int:
        """Bytes."""
        return int(self.value[0])

    @property
    def mask(self) -> int:
        """Bits that are replaced."""
        return int(self.value[1])


class Check(Enum):
    """The range of the value (of HI and HA: of the whole value, which must fit 32 bits)."""

    NONE = (0, 0)
    SIGNED_16 = (-(1 << 15), (1 << 15) - 1)
    SIGNED_26 = (-(1 << 25), (1 << 25) - 1)
    SIGNED_32 = (-(1 << 31), (1 << 31) - 1)
    HIGH_ADJUSTED_32 = (-(1 << 31) - 0x8000, (1 << 31) - 0x8001)
    """Range of a value whose HA part fits 16 bits signed."""
    EITHER_16 = (-(1 << 15), (1 << 16) - 1)
    EITHER_32 = (-(1 << 31), (1 << 32) - 1)
    """Signed or unsigned, as the reader of the field takes it."""

    def allows(self, value: int) -> bool:
        """Whether a value is in range; the value is signed."""
        low, high = self.value
        return self is Check.NONE or low <= value <= high


class Hint(Enum):
    """The static prediction that a conditional branch carries (Power ISA I.2.4, the ``at`` bits of BO)."""

    KEEP = auto()
    TAKEN = auto()
    NOT_TAKEN = auto()


@dataclass(frozen=True, slots=True)
class RelocationType:
    """One row."""

    number: int
    name: str
    calculation: Calculation
    part: Part = Part.WHOLE
    place: Place = Place.WORD64
    check: Check = Check.NONE
    hint: Hint = Hint.KEEP


def _halves(calculation: Calculation, stem: str, numbers: dict[str, int]) -> tuple[RelocationType, ...]:
    """The rows of a family of 16-bit parts: ``ADDR16``, ``ADDR16_LO``, ... ``ADDR16_LO_DS``."""
    return tuple(
        RelocationType(number, f"R_PPC64_{stem}{suffix}", calculation, *_HALF_SHAPES[suffix])
        for suffix, number in numbers.items()
    )


_HALF_SHAPES: Final[dict[str, tuple[Part, Place, Check]]] = {
    "": (Part.WHOLE, Place.HALF16, Check.SIGNED_16),
    "_LO": (Part.WHOLE, Place.HALF16, Check.NONE),
    "_HI": (Part.HIGH, Place.HALF16, Check.SIGNED_32),
    "_HA": (Part.HIGHA, Place.HALF16, Check.HIGH_ADJUSTED_32),
    "_HIGH": (Part.HIGH, Place.HALF16, Check.NONE),
    "_HIGHA": (Part.HIGHA, Place.HALF16, Check.NONE),
    "_HIGHER": (Part.HIGHER, Place.HALF16, Check.NONE),
    "_HIGHERA": (Part.HIGHERA, Place.HALF16, Check.NONE),
    "_HIGHEST": (Part.HIGHEST, Place.HALF16, Check.NONE),
    "_HIGHESTA": (Part.HIGHESTA, Place.HALF16, Check.NONE),
    "_DS": (Part.WHOLE, Place.HALF16DS, Check.SIGNED_16),
    "_LO_DS": (Part.WHOLE, Place.HALF16DS, Check.NONE),
}

_C, _P, _K = Calculation, Place, Check

_ROWS: Final = (
    RelocationType(0, "R_PPC64_NONE", _C.NOTHING),
    RelocationType(109, "R_PPC64_TOCSAVE", _C.NOTHING),
    RelocationType(118, "R_PPC64_ENTRY", _C.NOTHING),
    # Whole words.
    RelocationType(38, "R_PPC64_ADDR64", _C.ABSOLUTE, place=_P.WORD64),
    RelocationType(43, "R_PPC64_UADDR64", _C.ABSOLUTE, place=_P.WORD64),
    RelocationType(117, "R_PPC64_ADDR64_LOCAL", _C.ABSOLUTE_LOCAL, place=_P.WORD64),
    RelocationType(44, "R_PPC64_REL64", _C.RELATIVE, place=_P.WORD64),
    RelocationType(51, "R_PPC64_TOC", _C.TOC_BASE, place=_P.WORD64),
    RelocationType(1, "R_PPC64_ADDR32", _C.ABSOLUTE, place=_P.WORD32, check=_K.EITHER_32),
    RelocationType(24, "R_PPC64_UADDR32", _C.ABSOLUTE, place=_P.WORD32, check=_K.EITHER_32),
    RelocationType(26, "R_PPC64_REL32", _C.RELATIVE, place=_P.WORD32, check=_K.SIGNED_32),
    RelocationType(37, "R_PPC64_ADDR30", _C.RELATIVE, place=_P.WORD30, check=_K.SIGNED_32),
    RelocationType(3, "R_PPC64_ADDR16", _C.ABSOLUTE, place=_P.HALF16, check=_K.EITHER_16),
    RelocationType(25, "R_PPC64_UADDR16", _C.ABSOLUTE, place=_P.HALF16, check=_K.EITHER_16),
    # Branches.
    RelocationType(10, "R_PPC64_REL24", _C.CALL, place=_P.LOW24, check=_K.SIGNED_26),
    RelocationType(11, "R_PPC64_REL14", _C.BRANCH, place=_P.LOW14, check=_K.SIGNED_16),
    RelocationType(12, "R_PPC64_REL14_BRTAKEN", _C.BRANCH, Part.WHOLE, _P.LOW14, _K.SIGNED_16, Hint.TAKEN),
    RelocationType(
        13, "R_PPC64_REL14_BRNTAKEN", _C.BRANCH, Part.WHOLE, _P.LOW14, _K.SIGNED_16, Hint.NOT_TAKEN
    ),
    RelocationType(2, "R_PPC64_ADDR24", _C.ABSOLUTE_LOCAL, place=_P.LOW24, check=_K.SIGNED_26),
    RelocationType(7, "R_PPC64_ADDR14", _C.ABSOLUTE_LOCAL, place=_P.LOW14, check=_K.SIGNED_16),
    RelocationType(
        8, "R_PPC64_ADDR14_BRTAKEN", _C.ABSOLUTE_LOCAL, Part.WHOLE, _P.LOW14, _K.SIGNED_16, Hint.TAKEN
    ),
    RelocationType(
        9, "R_PPC64_ADDR14_BRNTAKEN", _C.ABSOLUTE_LOCAL, Part.WHOLE, _P.LOW14, _K.SIGNED_16, Hint.NOT_TAKEN
    ),
    # 16-bit parts, of which instructions build addresses.
    *_halves(
        _C.ABSOLUTE,
        "ADDR16",
        {
            "_LO": 4,
            "_HI": 5,
            "_HA": 6,
            "_HIGHER": 39,
            "_HIGHERA": 40,
            "_HIGHEST": 41,
            "_HIGHESTA": 42,
            "_DS": 56,
            "_LO_DS": 57,
            "_HIGH": 110,
            "_HIGHA": 111,
        },
    ),
    *_halves(
        _C.RELATIVE,
        "REL16",
        {
            "": 249,
            "_LO": 250,
            "_HI": 251,
            "_HA": 252,
            "_HIGH": 240,
            "_HIGHA": 241,
            "_HIGHER": 242,
            "_HIGHERA": 243,
            "_HIGHEST": 244,
            "_HIGHESTA": 245,
        },
    ),
    *_halves(_C.TOC_RELATIVE, "TOC16", {"": 47, "_LO": 48, "_HI": 49, "_HA": 50, "_DS": 63, "_LO_DS": 64}),
    *_halves(_C.GOT_RELATIVE, "GOT16", {"": 14, "_LO": 15, "_HI": 16, "_HA": 17, "_DS": 58, "_LO_DS": 59}),
)

TYPES: Final[dict[int, RelocationType]] = {row.number: row for row in _ROWS}

_DYNAMIC: Final = "only a dynamic linker uses it"
_TLS: Final = "the kernel has no thread-local storage"
_PLT: Final = "the kernel has no procedure linkage table: compile without -fno-plt"
_POWER10: Final = "the machine's instruction set ends before it: compile with -mcpu=970"
_GARBAGE: Final = "vtable garbage collection is not supported"
_SECTION: Final = "section offsets are not supported"


def _refused(reason: str, **names: int) -> dict[int, tuple[str, str]]:
    return {number: (f"R_PPC64_{name}", reason) for name, number in names.items()}


REFUSED: Final[dict[int, tuple[str, str]]] = {
    **_refused(_DYNAMIC, COPY=19, GLOB_DAT=20, JMP_SLOT=21, RELATIVE=22, JMP_IREL=247, IRELATIVE=248),
    **_refused(
        _PLT,
        PLT32=27,
        PLTREL32=28,
        PLT16_LO=29,
        PLT16_HI=30,
        PLT16_HA=31,
        PLT64=45,
        PLTREL64=46,
        PLTGOT16=52,
        PLTGOT16_LO=53,
        PLTGOT16_HI=54,
        PLTGOT16_HA=55,
        PLT16_LO_DS=60,
        PLTGOT16_DS=65,
        PLTGOT16_LO_DS=66,
        PLTSEQ=119,
        PLTCALL=120,
        PLTSEQ_NOTOC=121,
        PLTCALL_NOTOC=122,
    ),
    **_refused(
        _SECTION, SECTOFF=33, SECTOFF_LO=34, SECTOFF_HI=35, SECTOFF_HA=36, SECTOFF_DS=61, SECTOFF_LO_DS=62
    ),
    **_refused(
        _TLS,
        TLS=67,
        DTPMOD64=68,
        TPREL16=69,
        TPREL16_LO=70,
        TPREL16_HI=71,
        TPREL16_HA=72,
        TPREL64=73,
        DTPREL16=74,
        DTPREL16_LO=75,
        DTPREL16_HI=76,
        DTPREL16_HA=77,
        DTPREL64=78,
        GOT_TLSGD16=79,
        GOT_TLSGD16_LO=80,
        GOT_TLSGD16_HI=81,
        GOT_TLSGD16_HA=82,
        GOT_TLSLD16=83,
        GOT_TLSLD16_LO=84,
        GOT_TLSLD16_HI=85,
        GOT_TLSLD16_HA=86,
        GOT_TPREL16_DS=87,
        GOT_TPREL16_LO_DS=88,
        GOT_TPREL16_HI=89,
        GOT_TPREL16_HA=90,
        GOT_DTPREL16_DS=91,
        GOT_DTPREL16_LO_DS=92,
        GOT_DTPREL16_HI=93,
        GOT_DTPREL16_HA=94,
        TPREL16_DS=95,
        TPREL16_LO_DS=96,
        TPREL16_HIGHER=97,
        TPREL16_HIGHERA=98,
        TPREL16_HIGHEST=99,
        TPREL16_HIGHESTA=100,
        DTPREL16_DS=101,
        DTPREL16_LO_DS=102,
        DTPREL16_HIGHER=103,
        DTPREL16_HIGHERA=104,
        DTPREL16_HIGHEST=105,
        DTPREL16_HIGHESTA=106,
        TLSGD=107,
        TLSLD=108,
        TPREL16_HIGH=112,
        TPREL16_HIGHA=113,
        DTPREL16_HIGH=114,
        DTPREL16_HIGHA=115,
        TPREL34=146,
        DTPREL34=147,
        GOT_TLSGD_PCREL34=148,
        GOT_TLSLD_PCREL34=149,
        GOT_TPREL_PCREL34=150,
        GOT_DTPREL_PCREL34=151,
    ),
    **_refused(
        _POWER10,
        REL24_NOTOC=116,
        PCREL_OPT=123,
        REL24_P9NOTOC=124,
        D34=128,
        D34_LO=129,
        D34_HI30=130,
        D34_HA30=131,
        PCREL34=132,
        GOT_PCREL34=133,
        PLT_PCREL34=134,
        PLT_PCREL34_NOTOC=135,
        ADDR16_HIGHER34=136,
        ADDR16_HIGHERA34=137,
        ADDR16_HIGHEST34=138,
        ADDR16_HIGHESTA34=139,
        REL16_HIGHER34=140,
        REL16_HIGHERA34=141,
        REL16_HIGHEST34=142,
        REL16_HIGHESTA34=143,
        D28=144,
        PCREL28=145,
        REL16DX_HA=246,
    ),
    **_refused(_GARBAGE, GNU_VTINHERIT=253, GNU_VTENTRY=254),
}


def relocation_name(number: int) -> str:
    """The ABI's name of a type, ``type 200`` for a number that it does not use."""
    if number in TYPES:
        return TYPES[number].name
    if number in REFUSED:
        return REFUSED[number][0]
    return f"type {number}"


def is_short_toc(row: RelocationType) -> bool:
    """Whether it reaches only 32 KiB around the TOC base: the small code model's."""
    relative = row.calculation in (Calculation.TOC_RELATIVE, Calculation.GOT_RELATIVE)
    return relative and row.check is Check.SIGNED_16
