"""Barriers in the kernel's code: execution is sequentially consistent, so only the code itself shows them."""

from __future__ import annotations

import io
from functools import cache

import pytest
from capstone import CS_ARCH_PPC, CS_MODE_64, CS_MODE_BIG_ENDIAN, Cs
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from tests.guest.arch_kernels import shipped_image

BARRIERS = {"lwsync", "isync", "sync", "hwsync"}
ACCESSES = ("lbz", "lhz", "lwz", "lwa", "ld", "lwarx", "ldarx", "stb", "sth", "stw", "std")
STORE_CONDITIONAL = {"stwcx.", "stdcx."}
INLINED_SPIN_LOCK = "_ZN7objects16TranslationTable8put_freeEj"
"""A short function that is all one section: taking and releasing a spin lock is part of who does."""


@cache
def functions() -> dict[str, bytes]:
    """The code of every function of the kernel by its linker name."""
    elf = ELFFile(io.BytesIO(shipped_image()))
    text, table = elf.get_section_by_name(".text"), elf.get_section_by_name(".symtab")
    assert text is not None and isinstance(table, SymbolTableSection)
    data, base = text.data(), int(text["sh_addr"])
    return {
        symbol.name: data[int(symbol["st_value"]) - base :][: int(symbol["st_size"])]
        for symbol in table.iter_symbols()
        if symbol["st_info"]["type"] == "STT_FUNC" and base <= int(symbol["st_value"]) < base + len(data)
    }


def memory_operations(function: str) -> list[str]:
    """A function's accesses and barriers in the order of its code, but for those to its own stack frame."""
    disassembler = Cs(CS_ARCH_PPC, CS_MODE_64 | CS_MODE_BIG_ENDIAN)
    return [
        mnemonic
        for _, _, mnemonic, operands in disassembler.disasm_lite(functions()[function], 0)
        if "(r1)" not in operands.replace(" ", "")
        and (mnemonic in BARRIERS | STORE_CONDITIONAL or mnemonic.rstrip("ux") in ACCESSES)
    ]


@pytest.mark.parametrize(
    "function",
    [
        INLINED_SPIN_LOCK,
        "_ZN6kernel8SpinLock14lock_with_careEj",
        "_ZN6kernel5Mutex8try_lockEv",
        "_ZN6kernel5Mutex14lock_contendedERNS_6ThreadE",
    ],
)
def test_nothing_guarded_starts_before_a_lock_is_taken(function: str) -> None:
    operations = memory_operations(function)
    taken = [place for place, operation in enumerate(operations) if operation in STORE_CONDITIONAL]
    assert taken
    for place in taken:
        assert operations[place + 1] in {"lwsync", "isync"}, operations


@pytest.mark.parametrize(
    ("function", "store"),
    [
        (INLINED_SPIN_LOCK, "stw"),
        ("_ZN6kernel5Mutex6unlockEv", "stdcx."),
        ("_ZN6kernel15set_page_sourceERNS_10PageSourceE", "std"),
    ],
)
def test_everything_guarded_is_visible_before_a_lock_is_free(function: str, store: str) -> None:
    operations = memory_operations(function)
    last = max(place for place, operation in enumerate(operations) if operation == store)
    assert operations[last - 1] == "lwsync", operations


@pytest.mark.parametrize(
    "function",
    [
        "_ZN6kernel12send_messageEjNS_10CpuMessageE",
        "_ZN6kernel22console_write_unlockedEPKcm",
    ],
)
def test_a_device_finds_what_was_written_before_its_register(function: str) -> None:
    operations = memory_operations(function)
    assert operations[-1] == "std"
    assert operations[-2] in {"sync", "hwsync"}
