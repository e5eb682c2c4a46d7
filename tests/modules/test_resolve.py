"""The rules on symbols: duplicates, weak copies, other modules."""

from __future__ import annotations

import pytest

from emulator.abi.memory_map import MODULE_BASE
from emulator.errors import ModuleError
from emulator.modules import (
    Bases,
    LoadedModule,
    PlacedModule,
    SegmentKind,
    check_module,
    link_module,
    relocate,
)
from emulator.modules.elf_constants import SectionType
from emulator.modules.stubs import TRAP
from tests.modules.samples import (
    BL,
    DATA,
    FUNCTION,
    KERNEL_DATA,
    KERNEL_TEXT,
    NOP,
    OBJECT,
    TEXT,
    ModuleWriter,
    kernel,
    words,
)

SECOND = MODULE_BASE + 0x10_0000


def place(writer: ModuleWriter, *loaded: LoadedModule, at: int = MODULE_BASE) -> PlacedModule:
    linked = link_module(writer.build(), kernel(), loaded)
    return relocate(linked, Bases.contiguous(linked, at), kernel().toc)


def doubleword(placed: PlacedModule, kind: SegmentKind, offset: int) -> int:
    return int.from_bytes(placed.images[kind][offset : offset + 8], "big")


def provider(data: str = "provider_data") -> LoadedModule:
    """A module in the guest with a function and data, besides its own module_init."""
    writer = ModuleWriter()
    writer.symbols[1].name = data
    writer.describe(name="provider")
    writer.symbol("provided", writer.text, 0x20, size=0x10, kind=FUNCTION)
    return place(writer, at=SECOND).exports()


def with_reference(symbol: str, binding: int = 1) -> ModuleWriter:
    """The sample with its data's second doubleword pointing at an undefined symbol."""
    writer = ModuleWriter()
    writer.symbol(symbol, binding=binding)
    writer.relocation(writer.data, 16, 38, symbol)
    return writer


def test_undefined_symbols_come_from_the_kernel_weak_ones_too() -> None:
    placed = place(with_reference("kernel_weak"))
    assert doubleword(placed, SegmentKind.DATA, 16) == KERNEL_TEXT + 0x20
    assert placed.linked.imports == ("kernel_print", "kernel_weak")


def test_local_symbols_of_the_kernel_are_not_exported() -> None:
    with pytest.raises(ModuleError, match=r"^undefined symbol kernel_static, used at \.data\+0x10$"):
        place(with_reference("kernel_static"))


def test_an_absolute_symbol_of_the_kernel_is_its_number() -> None:
    assert doubleword(place(with_reference("kernel_absolute")), SegmentKind.DATA, 16) == 0x1234


def test_a_weak_reference_to_nothing_is_zero_and_a_call_of_it_traps() -> None:
    writer = with_reference("absent", binding=2)
    writer.relocation(writer.text, 16, 10, "absent")
    placed = place(writer)
    assert doubleword(placed, SegmentKind.DATA, 16) == 0
    assert doubleword(placed, SegmentKind.TEXT, 16) == TRAP << 32 | NOP


def weak_function(name: str) -> ModuleWriter:
    writer = ModuleWriter()
    section = writer.section(f".text.{name}", words(BL, NOP), TEXT, alignment=4)
    writer.symbol(name, section, size=8, binding=2, kind=FUNCTION)
    writer.group(name, section)
    writer.relocation(writer.text, 16, 10, name)
    return writer


def test_a_weak_function_stays_local_though_the_kernel_has_it() -> None:
    placed = place(weak_function("kernel_weak"))
    assert placed.linked.kept == ("kernel_weak",)
    assert placed.address_of("kernel_weak") == MODULE_BASE + 0x40
    assert doubleword(placed, SegmentKind.TEXT, 16) >> 32 == BL + 0x30


def test_a_vtable_stays_local_and_becomes_constant() -> None:
    writer = ModuleWriter()
    table = writer.section(".data.rel.ro._ZTV6Sample", bytes(24), DATA, alignment=8)
    writer.symbol("kernel_constant", table, size=24, binding=2, kind=OBJECT)
    writer.group("kernel_constant", table)
    writer.relocation(table, 16, 38, "module_init")
    placed = place(writer)
    assert placed.linked.kept == ("kernel_constant",)
    address = placed.address_of("kernel_constant")
    assert address is not None
    assert placed.holds(address) is SegmentKind.RODATA
    assert doubleword(placed, SegmentKind.RODATA, 0x20 + 16) == MODULE_BASE


def weak_data(grouped: bool) -> ModuleWriter:
    writer = ModuleWriter()
    section = writer.section(
        ".bss.kernel_inline_data", b"", DATA, kind=SectionType.NOBITS, size=8, alignment=8
    )
    writer.symbol("kernel_inline_data", section, size=8, binding=2, kind=OBJECT)
    if grouped:
        writer.group("kernel_inline_data", section)
    writer.relocation(writer.data, 16, 38, "kernel_inline_data")
    return writer


@pytest.mark.parametrize("grouped", [True, False])
def test_weak_writable_data_is_the_kernels(grouped: bool) -> None:
    placed = place(weak_data(grouped))
    assert placed.linked.bound == ("kernel_inline_data",)
    assert placed.address_of("kernel_inline_data") is None
    assert doubleword(placed, SegmentKind.DATA, 16) == KERNEL_DATA + 8
    loaded = {item.section.name for item in placed.linked.segments[SegmentKind.DATA].placements}
    assert (".bss.kernel_inline_data" in loaded) is not grouped


def test_a_reference_into_a_copy_that_was_dropped_is_refused() -> None:
    writer = weak_data(True)
    writer.symbol("inside", len(writer.sections) - 1, binding=0, kind=OBJECT)
    writer.relocation(writer.data, 8, 38, "inside")
    with pytest.raises(ModuleError, match=r": section 7 \.bss\.kernel_inline_data is not loaded$"):
        place(writer)


def test_a_required_modules_symbol_is_used_and_pins_it() -> None:
    writer = with_reference("provided")
    writer.describe(requires=("provider",))
    placed = place(writer, provider())
    assert placed.linked.providers == ("provider",)
    assert doubleword(placed, SegmentKind.DATA, 16) == SECOND + 0x20


def test_a_call_into_a_required_module_goes_there_directly() -> None:
    writer = with_reference("provided")
    writer.describe(requires=("provider",))
    writer.relocation(writer.text, 16, 10, "provided")
    text = doubleword(place(writer, provider()), SegmentKind.TEXT, 16)
    assert text >> 32 == BL + SECOND + 0x20 - MODULE_BASE - 16


def test_a_module_that_is_not_required_is_named() -> None:
    with pytest.raises(ModuleError) as caught:
        place(with_reference("provided"), provider())
    assert str(caught.value) == (
        "undefined symbol provided: module provider has it, but is not required\n"
        'add requires = ["provider"] to update.toml'
    )


def test_entry_and_exit_of_another_module_are_its_own() -> None:
    assert set(provider().symbols) == {"provider_data", "provided"}


def test_a_strong_duplicate_of_a_required_modules_symbol_is_refused() -> None:
    writer = ModuleWriter()
    writer.describe(requires=("provider",))
    with pytest.raises(ModuleError) as caught:
        place(writer, provider("own_data"))
    assert str(caught.value).startswith(
        "symbol own_data: a strong definition of a symbol of module provider\n"
    )


def test_modules_that_do_not_require_each_other_may_use_the_same_names() -> None:
    assert place(ModuleWriter(), provider("own_data")).linked.providers == ()


def test_the_kernel_goes_before_other_modules() -> None:
    writer = weak_function("kernel_weak")
    writer.describe(name="copier")
    writer.symbols[1].name = "copier_data"
    copier = place(writer, at=SECOND).exports()
    user = with_reference("kernel_weak")
    user.describe(requires=("copier",))
    placed = place(user, copier)
    assert doubleword(placed, SegmentKind.DATA, 16) == KERNEL_TEXT + 0x20
    assert placed.linked.providers == ()


def test_a_module_is_loaded_once_in_each_revision() -> None:
    writer = ModuleWriter()
    writer.describe(name="provider")
    with pytest.raises(ModuleError) as caught:
        place(writer, provider())
    assert str(caught.value) == (
        "module provider is loaded in revision 1, this is revision 1\n"
        "a new revision has a higher number in update.toml"
    )
    writer.describe(name="provider", revision=2)
    assert place(writer, provider("own_data")).exports().revision == 2


def test_hidden_symbols_are_not_for_other_modules() -> None:
    writer = ModuleWriter()
    writer.symbols[1].other = 2
    assert place(writer).exports().symbols == {}


def test_the_report_names_what_was_decided() -> None:
    report = check_module(weak_data(True).build(), kernel())
    assert report.bound == ("kernel_inline_data",)
    assert report.imports == ("kernel_inline_data", "kernel_print")
    assert report.exports == ("module_init", "own_data")
    assert report.sizes == {"text": 0x40, "rodata": 0x20, "data": 0x60}
    assert report.bytes_in_guest == 0x3000
    assert [str(update) for update in report.updates] == ["services::Sample v1 -> v2"]
    assert report.relocations == {"R_PPC64_ADDR64": 2, "R_PPC64_REL24": 1}
    assert (report.stubs, report.own_toc, report.constructors) == (0, False, 0)
    assert [section.name for section in report.sections] == [".text", ".rodata", ".data", ".bss"]
