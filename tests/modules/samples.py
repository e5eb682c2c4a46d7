"""A small kernel image and a small module, written by hand, that tests change in one place."""

from __future__ import annotations

import struct

from emulator.abi.memory_map import KERNEL_BASE
from emulator.abi.module import MODULE_SECTION, ClassUpdate, ModuleMetadata
from emulator.modules.elf_constants import FileType, SectionFlag, SectionType, SymbolType
from emulator.modules.kernel_symbols import KernelSymbols
from tests.modules.elf_writer import ABSOLUTE, ElfWriter, Header

BUILD_ID = bytes(range(20))
OTHER_BUILD_ID = bytes(range(1, 21))
TEXT = SectionFlag.ALLOC | SectionFlag.EXECUTE
CONSTANT = SectionFlag.ALLOC
DATA = SectionFlag.ALLOC | SectionFlag.WRITE

NOP = 0x60000000
BL = 0x48000001
BLR = 0x4E800020
FUNCTION = SymbolType.FUNCTION
OBJECT = SymbolType.OBJECT
LOCAL_ENTRY_8 = 3 << 5

KERNEL_TEXT = KERNEL_BASE + 0x10000
KERNEL_DATA = KERNEL_BASE + 0x20000
KERNEL_TOC = KERNEL_BASE + 0x28000


def words(*values: int) -> bytes:
    """Instructions or 32-bit data."""
    return struct.pack(f">{len(values)}I", *values)


def kernel_writer() -> ElfWriter:
    """A linked kernel: two functions, writable and constant data, weak ones, its TOC base and build-id."""
    writer = ElfWriter(Header(file_type=FileType.EXECUTABLE, entry=KERNEL_TEXT))
    text = writer.section(".text", bytes(0x100), TEXT, address=KERNEL_TEXT, alignment=16)
    data = writer.section(".data", bytes(0x100), DATA, address=KERNEL_DATA, alignment=16)
    rodata = writer.section(".rodata", bytes(0x100), CONSTANT, address=KERNEL_DATA + 0x1000, alignment=16)
    note = struct.pack(">III", 4, 20, 3) + b"GNU\0" + BUILD_ID
    writer.section(
        ".note.gnu.build-id", note, CONSTANT, kind=SectionType.NOTE, address=KERNEL_DATA + 0x2000, alignment=4
    )
    function = {"size": 0x20, "kind": FUNCTION, "other": LOCAL_ENTRY_8}
    writer.symbol("kernel_print", text, KERNEL_TEXT, **function)
    writer.symbol("kernel_weak", text, KERNEL_TEXT + 0x20, binding=2, **function)
    writer.symbol("kernel_assembly", text, KERNEL_TEXT + 0x40, size=8, kind=FUNCTION)
    writer.symbol("kernel_static", text, KERNEL_TEXT + 0x60, binding=0, **function)
    writer.symbol("kernel_data", data, KERNEL_DATA, size=8, kind=OBJECT)
    writer.symbol("kernel_inline_data", data, KERNEL_DATA + 8, size=8, kind=OBJECT, binding=2)
    writer.symbol("kernel_constant", rodata, KERNEL_DATA + 0x1000, size=8, kind=OBJECT, binding=2)
    writer.symbol("kernel_absolute", ABSOLUTE, 0x1234)
    writer.symbol(".TOC.", data, KERNEL_TOC, binding=0, other=2)
    return writer


def kernel() -> KernelSymbols:
    """The symbols of that kernel."""
    return KernelSymbols.from_elf(kernel_writer().build())


def metadata(**changes: object) -> ModuleMetadata:
    """Of the sample module, with some fields changed."""
    fields: dict[str, object] = {
        "name": "sample",
        "revision": 1,
        "kernel_build_id": BUILD_ID,
        "updates": (ClassUpdate("services::Sample", 1, 2),),
    }
    return ModuleMetadata(**{**fields, **changes})  # type: ignore[arg-type]


class ModuleWriter(ElfWriter):
    """The sample module: its sections by name, to be changed before :meth:`build`."""

    def __init__(self) -> None:
        super().__init__()
        self.text = self.section(".text", words(BL, NOP, BLR, BLR) * 4, TEXT, alignment=16)
        self.rodata = self.section(".rodata", bytes(0x20), CONSTANT, alignment=8)
        self.data = self.section(".data", bytes(0x20), DATA, alignment=8)
        self.bss = self.section(".bss", b"", DATA, kind=SectionType.NOBITS, size=0x40, alignment=8)
        self.debug = self.section(".debug_info", bytes(0x10))
        self.metadata = self.section(MODULE_SECTION, metadata().pack(), alignment=8)
        self.symbol("module_init", self.text, 0, size=0x20, kind=FUNCTION, other=LOCAL_ENTRY_8)
        self.symbol("own_data", self.data, 8, size=8, kind=OBJECT)
        self.symbol("kernel_print")
        self.relocation(self.text, 0, 10, "kernel_print")
        self.relocation(self.data, 0, 38, "module_init")

    def describe(self, **changes: object) -> None:
        """Replaces the metadata by one that differs."""
        self.sections[self.metadata].data = metadata(**changes).pack()
