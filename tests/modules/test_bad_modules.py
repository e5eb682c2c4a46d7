"""Sound files that are no usable module: every kind has a line of its own that names it."""

from __future__ import annotations

import pytest

from tests.modules.damage import (
    HEADER,
    HEADER_LEAST,
    KERNEL_ID,
    OTHER_ID,
    POWER10,
    REBUILD,
    RENAME,
    SHARE,
    Bad,
    against_eh_frame,
    branch_to_kernel_data,
    call_that_spoils_r2,
    check,
    constructor_array,
    destructor_of_data,
    far_call,
    field,
    in_metadata,
    in_section,
    in_symbol,
    large,
    more_undefined,
    relocated,
    relocated_metadata,
    removed_metadata,
    renamed,
    weak_data,
)
from tests.modules.samples import (
    BL,
    DATA,
    NOP,
    OBJECT,
    OTHER_BUILD_ID,
)
from tests.modules.test_bad_files import BAD_FILES

BAD_MODULES = [
    # Metadata.
    Bad(
        "no metadata",
        removed_metadata,
        "no section .evergreen.module",
        "build the module with `evergreen update build`",
    ),
    Bad(
        "writable metadata",
        in_section("metadata", flags=DATA),
        "section 6 .evergreen.module: type 1, flags 0x3: the metadata must be constant",
    ),
    Bad(
        "metadata with relocations",
        relocated_metadata,
        "section 6 .evergreen.module: metadata with relocations",
    ),
    Bad(
        "short metadata",
        in_section("metadata", data=bytes(10)),
        f"section 6 .evergreen.module: 10 bytes, the header alone takes {HEADER_LEAST}",
    ),
    Bad(
        "metadata magic",
        in_metadata(0, b"XX"),
        "section 6 .evergreen.module: magic 0x58584d4f44554c45 is not 0x45564d4f44554c45",
    ),
    Bad(
        "metadata format",
        in_metadata(field("format"), b"\0\0\0\x09"),
        "section 6 .evergreen.module: format 9, this version reads up to 2",
    ),
    Bad(
        "metadata flags",
        in_metadata(field("flags"), b"\0\0\0\x40"),
        "section 6 .evergreen.module: unknown flags 0x40",
    ),
    Bad(
        "irreversible for no reason",
        in_metadata(field("flags"), b"\0\0\0\x04"),
        "section 6 .evergreen.module: irreversible without a reason, or a reason without the flag",
    ),
    Bad(
        "metadata header",
        in_metadata(field("header_bytes"), b"\0\0\0\x04"),
        f"section 6 .evergreen.module: a header record of 4 bytes, at least {HEADER} expected",
    ),
    Bad(
        "metadata count",
        in_metadata(field("updates"), b"\xff\0\0\0"),
        "section 6 .evergreen.module: 4278190080 entries in a table, the limit is 256",
    ),
    Bad(
        "metadata length",
        in_metadata(field("updates"), b"\0\0\0\x03"),
        f"section 6 .evergreen.module: header and tables take {HEADER + 216} bytes, the section has "
        f"{HEADER + 72}",
    ),
    Bad(
        "metadata name",
        in_metadata(field("name"), b"Up date"),
        "section 6 .evergreen.module: module name 'Up date' is not made of a-z, 0-9, _ and -",
    ),
    Bad(
        "metadata revision",
        in_metadata(field("revision"), bytes(4)),
        "section 6 .evergreen.module: revision 0 is not in 1..4294967295",
    ),
    Bad(
        "metadata entry",
        in_metadata(field("entry"), b"3rd"),
        "section 6 .evergreen.module: entry '3rdule_init' is not the name of a function",
    ),
    Bad(
        "metadata class",
        in_metadata(HEADER, b"ser vic"),
        "section 6 .evergreen.module: class name 'ser vics::Sample' is not a C++ name",
    ),
    Bad(
        "metadata versions",
        in_metadata(HEADER + 64, b"\0\0\0\x02"),
        "section 6 .evergreen.module: class services::Sample v2 -> v2: both versions are the same",
    ),
    Bad(
        "build-id",
        lambda writer: writer.describe(kernel_build_id=OTHER_BUILD_ID),
        f"built for kernel {OTHER_ID}, this is {KERNEL_ID}",
        REBUILD,
    ),
    Bad(
        "required module",
        lambda writer: writer.describe(requires=("other",)),
        "requires module other, which is not loaded",
        "apply other first",
    ),
    # Resolution.
    Bad("undefined symbol", renamed(2, "kernel_prynt"), "undefined symbol kernel_prynt, used at .text+0x0"),
    Bad(
        "undefined symbols",
        more_undefined,
        "10 undefined symbols: missing_a, missing_b, missing_c, missing_d, missing_e, missing_f, "
        "missing_g, missing_h and 2 more",
    ),
    Bad(
        "strong duplicate",
        in_symbol(1, name="kernel_data"),
        "symbol kernel_data: a strong definition of the kernel's symbol",
        RENAME,
    ),
    Bad(
        "TOC of its own making",
        in_symbol(1, name=".TOC."),
        "symbol .TOC.: defined in the module, only a linker may",
    ),
    Bad(
        "weak data",
        weak_data("shared", 8),
        "symbol shared: weak writable data in .data, and the kernel has no copy to share",
        SHARE,
    ),
    Bad(
        "weak data of constants",
        weak_data("kernel_constant", 8),
        "symbol kernel_constant: weak writable data in .data, the kernel's copy is not writable",
    ),
    Bad(
        "weak data of another size",
        weak_data("kernel_inline_data", 16),
        "symbol kernel_inline_data: 16 bytes of weak writable data, the kernel's copy has 8",
        "build the module against this kernel's headers",
    ),
    # Relocations.
    Bad("unknown relocation", relocated(200), "unknown relocation type 200 at .text+0x0 against own_data"),
    Bad(
        "thread-local relocation",
        relocated(69),
        "R_PPC64_TPREL16 at .text+0x0 against own_data: the kernel has no thread-local storage",
    ),
    Bad(
        "dynamic relocation",
        relocated(22),
        "R_PPC64_RELATIVE at .text+0x0 against own_data: only a dynamic linker uses it",
    ),
    Bad("POWER10 relocation", relocated(132), f"R_PPC64_PCREL34 at .text+0x0 against own_data: {POWER10}"),
    Bad(
        "PLT relocation",
        relocated(120),
        "R_PPC64_PLTCALL at .text+0x0 against own_data: the kernel has no procedure linkage table: "
        "compile without -fno-plt",
    ),
    Bad(
        "section offset relocation",
        relocated(33),
        "R_PPC64_SECTOFF at .text+0x0 against own_data: section offsets are not supported",
    ),
    Bad(
        "field past the end",
        relocated(38, offset=0x3C),
        "R_PPC64_ADDR64 at .text+0x3c against own_data: 8 bytes, the section ends at 0x40",
    ),
    Bad(
        "place unaligned",
        relocated(10, "kernel_print", 2),
        "R_PPC64_REL24 at .text+0x2 against kernel_print: the place is not aligned to 4",
    ),
    Bad(
        "overflow",
        relocated(4 - 1, addend=-0x2000),
        "R_PPC64_ADDR16 at .text+0x0 against own_data-0x2000: value -0x3ffffffffefffff8 is out of "
        "range -0x8000..0xffff",
    ),
    Bad(
        "overflow of a branch",
        relocated(11, "kernel_print", addend=0x10),
        "R_PPC64_REL14 at .text+0x0 against kernel_print+0x10: value -0xfeffe8 is out of range "
        "-0x8000..0x7fff",
    ),
    Bad(
        "misaligned value",
        relocated(64, offset=2, addend=1),
        "R_PPC64_TOC16_LO_DS at .text+0x2 against own_data+0x1: value 0xfda009 is not a multiple of 4",
    ),
    Bad("branch to data", relocated(10), "R_PPC64_REL24 at .text+0x0 against own_data: a branch to data"),
    Bad(
        "branch to the kernel's data",
        branch_to_kernel_data,
        "R_PPC64_REL24 at .text+0x0 against kernel_data: a branch to data",
    ),
    Bad(
        "callee that spoils r2",
        call_that_spoils_r2,
        "R_PPC64_REL24 at .text+0x8 against module_init: the function does not keep r2",
        "compile it with -mcpu=970",
    ),
    Bad(
        "call without nop",
        far_call(0, BL, BL),
        "R_PPC64_REL24 at .text+0x0 against kernel_print: no nop after a call into code with "
        "another TOC, r2 cannot be taken back",
    ),
    Bad(
        "tail call",
        far_call(0, BL - 1, NOP),
        "R_PPC64_REL24 at .text+0x0 against kernel_print: a tail call into code with another TOC "
        "would not take r2 back",
    ),
    Bad(
        "not loaded",
        against_eh_frame,
        "relocation at .data+0x8 against frame_start: section 7 .eh_frame is not loaded",
    ),
    # What the module must bring.
    Bad(
        "no entry",
        renamed(0, "module_start"),
        "no entry function module_init",
        'define extern "C" module_init() in one source file',
    ),
    Bad(
        "entry that is data",
        in_symbol(0, section=3, kind=OBJECT, other=0),
        "symbol module_init: not a function of the module",
    ),
    Bad(
        "constructors cut",
        constructor_array(bytes(12)),
        "section 7 .init_array: 12 bytes aligned to 8, not an array of addresses",
    ),
    Bad(
        "constructor missing",
        constructor_array(bytes(8)),
        "section 7 .init_array: entry at 0x0 is not the address of a function",
    ),
    Bad(
        "destructor that is data",
        destructor_of_data,
        "section 7 .fini_array: entry at 0x0 is not the address of a function",
    ),
    Bad(
        "too large",
        large,
        "takes 0x1000003000 bytes (text 0x1000, rodata 0x1000, data 0x1000001000), the module area "
        "has 0xf00000",
    ),
]


@pytest.mark.parametrize("bad", BAD_MODULES, ids=[bad.name for bad in BAD_MODULES])
def test_one_line_that_names_it(bad: Bad) -> None:
    check(bad)


def test_no_two_kinds_share_a_line() -> None:
    lines = [bad.line for bad in (*BAD_FILES, *BAD_MODULES)]
    assert len(set(lines)) == len(lines) > 100
