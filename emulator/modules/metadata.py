"""The metadata record of a module, taken from its section and compared with the kernel."""

from __future__ import annotations

from collections.abc import Sequence

from emulator.abi.module import MODULE_SECTION, ModuleMetadata
from emulator.modules.elf_constants import SectionFlag, SectionType
from emulator.modules.elf_file import ElfObject
from emulator.modules.kernel_symbols import KernelSymbols, LoadedModule
from emulator.modules.refusal import refusal


def read_metadata(module: ElfObject) -> ModuleMetadata:
    """Raises ModuleError when the section is missing, not constant, patched, or its record is damaged."""
    section = module.section_named(MODULE_SECTION)
    if section is None:
        raise refusal(f"no section {MODULE_SECTION}", "build the module with `evergreen update build`")
    if section.kind != SectionType.PROGBITS or section.has(SectionFlag.WRITE | SectionFlag.EXECUTE):
        raise refusal(
            f"{section}: type {section.kind}, flags {section.flags:#x}: the metadata must be constant"
        )
    if module.relocations.get(section.index):
        raise refusal(f"{section}: metadata with relocations")
    try:
        return ModuleMetadata.unpack(section.data)
    except ValueError as error:
        raise refusal(f"{section}: {error}") from None


def check_kernel(metadata: ModuleMetadata, kernel: KernelSymbols) -> None:
    """Raises ModuleError when the module was built for another kernel."""
    if metadata.kernel_build_id != kernel.build_id:
        raise refusal(
            f"built for kernel {metadata.kernel_build_id.hex()}, this is {kernel.build_id.hex()}",
            "build the module again with `evergreen update build`",
        )


def find_required(metadata: ModuleMetadata, loaded: Sequence[LoadedModule]) -> list[LoadedModule]:
    """The modules that it requires, in its order, of each the revision loaded last.

    Raises ModuleError when one is missing, or when the module itself is loaded in this or a later revision.
    """
    by_name = {module.name: module for module in loaded}
    same = by_name.get(metadata.name)
    if same is not None and same.revision >= metadata.revision:
        raise refusal(
            f"module {same.name} is loaded in revision {same.revision}, this is revision {metadata.revision}",
            "a new revision has a higher number in update.toml",
        )
    for name in metadata.requires:
        if name not in by_name:
            raise refusal(f"requires module {name}, which is not loaded", f"apply {name} first")
    return [by_name[name] for name in metadata.requires]
