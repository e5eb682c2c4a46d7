"""Execution is sequentially consistent, so a missing barrier never fails: each is looked for in the code."""

import io
from functools import cache

import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from tests.guest.arch_kernels import shipped_image

SYNC = 0x7C00_04AC
LWSYNC = 0x7C20_04AC
ISYNC = 0x4C00_012C

BARRIERS = {
    # A changed entry before whatever relies on it: the walk, or the CPUs' forgetting of the old one.
    "_ZN4arch12_GLOBAL__N_18map_leaf": SYNC,
    "_ZN4arch12_GLOBAL__N_111change_leaf": SYNC,
    "_ZN4arch12AddressSpace3map": SYNC,
    "_ZN4arch12AddressSpace5unmap": SYNC,
    "_ZN4arch12AddressSpace7protect": SYNC,
    "_ZN4arch16set_process_tree": SYNC,
    "_ZN4arch18clear_process_tree": SYNC,
    # A new table zeroed before the way there is found.
    "_ZNK4arch9RadixTree9make_leaf": LWSYNC,
    # A new tree before the accesses that follow.
    "_ZN4arch16load_translation": ISYNC,
    "_ZN4arch9switch_to": ISYNC,
    "_ZN4arch7Context7set_pid": ISYNC,
}


@cache
def functions() -> dict[str, bytes]:
    """The code of the functions whose linker names start like those above, by that start."""
    elf = ELFFile(io.BytesIO(shipped_image()))
    text, table = elf.get_section_by_name(".text"), elf.get_section_by_name(".symtab")
    assert text is not None
    assert isinstance(table, SymbolTableSection)
    base, data = text["sh_addr"], text.data()
    found = {}
    for symbol in table.iter_symbols():
        for start in BARRIERS:
            if symbol.name.startswith(start):
                assert start not in found, start
                found[start] = data[symbol["st_value"] - base :][: symbol["st_size"]]
    return found


@pytest.mark.parametrize("function", BARRIERS)
def test_the_barrier_is_in_the_code(function: str) -> None:
    code = functions()[function]
    words = [int.from_bytes(code[at : at + 4], "big") for at in range(0, len(code), 4)]
    assert BARRIERS[function] in words
