"""Layout, protection and what is known of a module at its addresses."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from emulator.abi.loader import NO_OFFSET
from emulator.abi.memory_map import MODULE_BASE, MODULE_END
from emulator.errors import ModuleError, UsageError
from emulator.modules import (
    Bases,
    LinkedModule,
    ModuleSource,
    PlacedModule,
    Region,
    SegmentKind,
    debug_image,
    link_module,
    relocate,
)
from emulator.modules.elf_constants import SectionFlag, SectionType
from tests.modules import lld, sources
from tests.modules.samples import CONSTANT, DATA, FUNCTION, KERNEL_TOC, ModuleWriter, kernel, words


def link(writer: ModuleWriter) -> LinkedModule:
    return link_module(writer.build(), kernel())


def place(linked: LinkedModule, at: int = MODULE_BASE) -> PlacedModule:
    return relocate(linked, Bases.contiguous(linked, at), KERNEL_TOC)


def doublewords(image: bytes, offset: int, count: int) -> list[int]:
    return [int.from_bytes(image[at : at + 8], "big") for at in range(offset, offset + 8 * count, 8)]


def test_each_segment_has_whole_pages_and_zeros_where_nothing_is() -> None:
    placed = place(link(ModuleWriter()))
    assert {kind: len(image) for kind, image in placed.images.items()} == dict.fromkeys(SegmentKind, 0x1000)
    assert not any(placed.images[SegmentKind.DATA][0x20:])
    assert placed.holds(MODULE_BASE + 0xFFF) is SegmentKind.TEXT
    assert placed.holds(MODULE_BASE + 0x1000) is SegmentKind.RODATA
    assert placed.holds(MODULE_BASE + 0x3000) is None


def test_segments_may_lie_anywhere() -> None:
    linked = link(ModuleWriter())
    bases = Bases(text=MODULE_BASE + 0x5000, rodata=MODULE_BASE, data=MODULE_BASE + 0x9000)
    placed = relocate(linked, bases, KERNEL_TOC)
    assert placed.entry == MODULE_BASE + 0x5000
    assert doublewords(placed.images[SegmentKind.DATA], 0, 1) == [MODULE_BASE + 0x5000]
    assert placed.address_of("own_data") == MODULE_BASE + 0x9008
    assert placed.address_of("kernel_print") is None
    assert placed.exit is None


def test_relocation_is_repeatable_and_leaves_the_linked_module_alone() -> None:
    linked = link(ModuleWriter())
    first, other, again = place(linked), place(linked, MODULE_BASE + 0x8000), place(linked)
    assert first.images == again.images != other.images


@pytest.mark.parametrize(
    ("bases", "line"),
    [
        (
            Bases(MODULE_BASE + 4, MODULE_BASE, MODULE_BASE),
            "text at 0xc000000001000004: not the start of a page",
        ),
        (
            Bases(MODULE_BASE, MODULE_END, MODULE_BASE),
            "rodata at 0xc000000001f00000: 0x1000 bytes outside the module area "
            "0xc000000001000000..0xc000000001f00000",
        ),
        (
            Bases(MODULE_BASE, MODULE_BASE, 0),
            "data at 0x0: 0x1000 bytes outside the module area 0xc000000001000000..0xc000000001f00000",
        ),
    ],
)
def test_addresses_that_no_module_was_linked_for(bases: Bases, line: str) -> None:
    with pytest.raises(ModuleError) as caught:
        relocate(link(ModuleWriter()), bases, KERNEL_TOC)
    assert str(caught.value) == line


def test_an_empty_segment_needs_no_address() -> None:
    writer = ModuleWriter()
    writer.sections[writer.rodata].data = b""
    linked = link(writer)
    assert linked.page_bytes(SegmentKind.RODATA) == 0
    assert relocate(linked, Bases(MODULE_BASE, 0, MODULE_BASE + 0x1000), KERNEL_TOC).entry == MODULE_BASE


def test_sections_are_placed_by_what_may_be_done_with_them() -> None:
    writer = ModuleWriter()
    writer.section(".data.rel.ro", bytes(8), DATA, alignment=8)
    writer.section(".data.rel.ro.local", bytes(8), DATA, alignment=8)
    writer.section(".data.relative", bytes(8), DATA, alignment=8)
    writer.section(".note.gnu.build-id", bytes(36), CONSTANT, kind=SectionType.NOTE, alignment=4)
    writer.section(".eh_frame", bytes(24), CONSTANT, alignment=8)
    linked = link(writer)
    names = {kind: [item.section.name for item in linked.segments[kind].placements] for kind in SegmentKind}
    assert names == {
        SegmentKind.TEXT: [".text"],
        SegmentKind.RODATA: [".rodata", ".data.rel.ro", ".data.rel.ro.local"],
        SegmentKind.DATA: [".data", ".data.relative", ".bss"],
    }


def test_alignments_are_kept() -> None:
    writer = ModuleWriter()
    for alignment in (1, 4096, 2, 256):
        writer.section(f".rodata.{alignment}", b"x", CONSTANT, alignment=alignment)
    for item in link(writer).segments[SegmentKind.RODATA].placements:
        assert item.offset % item.section.alignment == 0


def with_arrays() -> ModuleWriter:
    writer = ModuleWriter()
    for index, name in enumerate(("last", "second", "first", "end")):
        writer.symbol(name, writer.text, 0x20 + 4 * index, size=4, binding=0, kind=FUNCTION)
    arrays = {".init_array": "last", ".init_array.200": "second", ".init_array.101": "first"}
    for section, function in arrays.items():
        made = writer.section(section, bytes(8), DATA, kind=SectionType.INIT_ARRAY, alignment=8)
        writer.relocation(made, 0, 38, function)
    made = writer.section(".fini_array", bytes(8), DATA, kind=SectionType.FINI_ARRAY, alignment=8)
    writer.relocation(made, 0, 38, "end")
    made = writer.section("init_functions", bytes(24), DATA, alignment=8)
    writer.relocation(made, 16, 38, "end")
    writer.symbol("module_exit", writer.text, 0x3C, size=4, kind=FUNCTION)
    return writer


def test_constructors_in_the_order_of_their_priorities() -> None:
    placed = place(link(with_arrays()))
    address, count = placed.init_array
    rodata = placed.bases[SegmentKind.RODATA]
    run = doublewords(placed.images[SegmentKind.RODATA], address - rodata, count)
    assert [placed.index.describe(function) for function in run] == ["first", "second", "last"]
    address, count = placed.fini_array
    assert doublewords(placed.images[SegmentKind.RODATA], address - rodata, count) == [MODULE_BASE + 0x2C]
    address, size = placed.init_functions
    assert size == 24
    assert doublewords(placed.images[SegmentKind.RODATA], address - rodata + 16, 1) == [MODULE_BASE + 0x2C]
    assert placed.exit == MODULE_BASE + 0x3C


def test_without_arrays_there_is_no_address() -> None:
    placed = place(link(ModuleWriter()))
    assert placed.init_array == placed.fini_array == placed.init_functions == (0, 0)


def test_address_entries_are_shared_and_filled_in() -> None:
    writer = ModuleWriter()
    writer.relocations.clear()
    instructions = [0x3C62_0000, 0xE863_0000, 0x3C82_0000, 0xE884_0000, 0x3CA2_0000, 0xE8A5_0000]
    writer.sections[writer.text].data = words(*instructions, *[0x6000_0000] * 10)
    for index, (symbol, addend) in enumerate((("own_data", 0), ("kernel_print", 0), ("own_data", 0))):
        writer.relocation(writer.text, 8 * index + 2, 17, symbol, addend)
        writer.relocation(writer.text, 8 * index + 6, 59, symbol, addend)
    linked = link(writer)
    assert not linked.own_toc
    placed = place(linked)
    kernel_print = kernel().symbols["kernel_print"].address
    entries = [MODULE_BASE + 0x2008, kernel_print]
    assert doublewords(placed.images[SegmentKind.RODATA], 0, 2) == entries
    text = placed.images[SegmentKind.TEXT]
    for index, entry in enumerate((0, 8, 0)):
        high = int.from_bytes(text[8 * index + 2 : 8 * index + 4], "big", signed=True)
        low = int.from_bytes(text[8 * index + 6 : 8 * index + 8], "big", signed=True)
        assert KERNEL_TOC + (high << 16) + (low & ~3) == placed.bases[SegmentKind.RODATA] + entry


def test_the_loader_gets_sizes_offsets_and_bytes() -> None:
    linked = link(with_arrays())
    source = ModuleSource(kernel())
    image = source.add(linked)
    sizes = (linked.segments[kind].size for kind in SegmentKind)
    assert (image.text_size, image.rodata_size, image.data_size) == tuple(sizes)
    assert (image.entry, image.exit, image.init_array_count, image.fini_array_count) == (0, 0x3C, 3, 1)
    segments = source.relocate(image.key, (MODULE_BASE, MODULE_BASE + 0x1000, MODULE_BASE + 0x2000))
    placed = source.placed[image.key]
    assert tuple(len(segment) for segment in segments) == (
        image.text_size,
        image.rodata_size,
        image.data_size,
    )
    assert placed.init_array[0] == MODULE_BASE + image.init_array
    assert placed.fini_array[0] == MODULE_BASE + image.fini_array
    assert [module.name for module in source.loaded()] == ["sample"]
    assert source.files() == {image.key: linked.source}
    source.remove(image.key)
    assert source.loaded() == []
    with pytest.raises(UsageError, match=f"^module {image.key} is not known to this machine$"):
        source.relocate(image.key, (MODULE_BASE, MODULE_BASE + 0x1000, MODULE_BASE + 0x2000))


def test_what_a_module_lacks_has_no_offset() -> None:
    image = ModuleSource(kernel()).add(link(ModuleWriter()))
    assert image.init_array == image.fini_array == image.exit == NO_OFFSET


def test_debug_lines_of_a_placed_module(tmp_path: Path) -> None:
    kernel_object = lld.compile_cxx(tmp_path, "kernel", sources.KERNEL)
    symbols = lld.link_kernel(tmp_path, kernel_object)
    module = lld.compile_cxx(tmp_path, "sample", sources.MODULE)
    linked = link_module(lld.link_relocatable(tmp_path, "sample", [module]), symbols)
    placed = relocate(linked, Bases.contiguous(linked, MODULE_BASE), symbols.toc)
    image = ELFFile(io.BytesIO(debug_image(placed)))
    text = image.get_section_by_name(".text")
    symbol_table = image.get_section_by_name(".symtab")
    assert text is not None
    assert isinstance(symbol_table, SymbolTableSection)
    assert text["sh_addr"] == MODULE_BASE
    assert text.data() == placed.images[SegmentKind.TEXT][: text["sh_size"]]
    for section in image.iter_sections():
        assert section["sh_type"] not in ("SHT_RELA", "SHT_GROUP")
        assert not section["sh_flags"] & SectionFlag.GROUP
    dwarf = image.get_dwarf_info()
    lines: dict[int, int] = {}
    for unit in dwarf.iter_CUs():
        program = dwarf.line_program_for_CU(unit)
        assert program is not None
        for entry in program.get_entries():
            if entry.state is not None and not entry.state.end_sequence:
                lines.setdefault(entry.state.address, entry.state.line)
    source = sources.MODULE.split("\n")
    # The first line of a function starts where callers of its own module enter it.
    start = placed.entry + placed.linked.entry.local_entry
    assert "if (kernel_optional)" in source[lines[start] - 1]
    found = symbol_table.get_symbol_by_name("module_init")
    assert found is not None
    assert found[0]["st_value"] == placed.entry


def test_a_region_may_be_as_small_as_the_module() -> None:
    linked = link_module(ModuleWriter().build(), kernel(), region=Region(MODULE_BASE, MODULE_BASE + 0x3000))
    assert place(linked).entry == MODULE_BASE
