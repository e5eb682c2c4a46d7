"""The independent opinion: the same objects compiled, and linked at fixed addresses by ld.lld."""

from __future__ import annotations

import io
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from elftools.elf.elffile import ELFFile

from emulator.abi.module import MODULE_SECTION, ModuleMetadata
from emulator.modules.kernel_symbols import KernelSymbols
from emulator.modules.linked_module import LinkedModule
from emulator.modules.relocate import Bases
from emulator.modules.segments import SegmentKind
from tests.modules.samples import BUILD_ID, KERNEL_TOC, metadata
from toolchain.compiler import CXX_FLAGS, TARGET_FLAGS, Compiler

KERNEL_LAYOUT = f"""
    .kernel_text {KERNEL_TOC - 0x18000:#x} : {{ *kernel.o(.text .text.*) }}
    .kernel_data {KERNEL_TOC - 0x10000:#x} : {{ *kernel.o(.data .data.* .bss .bss.* .rodata .rodata.*) }}
"""
GOT_LAYOUT = "    .got {address:#x} : {{ *(.got) *kernel.o(.toc) }}\n"
DISCARD = "    /DISCARD/ : { *(.eh_frame) *(.comment) *(.debug*) *(.evergreen*) *(.note.GNU-stack) }\n"


@cache
def zig() -> str:
    """The compiler driver of the installed package."""
    return str(Compiler.find().executable)


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """One run of it; the result says what it printed and how it ended."""
    return subprocess.run([zig(), *map(str, arguments)], capture_output=True, text=True, check=False)


def compile_cxx(folder: Path, name: str, source: str, *flags: str) -> Path:
    """An object of C++ source with the project's own flags and some more."""
    path = folder / f"{name}.cpp"
    path.write_text(source)
    made = folder / f"{name}.o"
    language = [flag for flag in CXX_FLAGS if not flag.startswith("-W")]
    result = run("c++", *TARGET_FLAGS, *language, *flags, "-c", path, "-o", made)
    assert result.returncode == 0, result.stderr
    return made


def compile_assembly(folder: Path, name: str, source: str) -> Path:
    """An object of assembly."""
    path = folder / f"{name}.S"
    path.write_text(source)
    made = folder / f"{name}.o"
    result = run("cc", *TARGET_FLAGS, "-c", path, "-o", made)
    assert result.returncode == 0, result.stderr
    return made


def metadata_assembly(record: ModuleMetadata) -> str:
    """A source with nothing but the metadata section."""
    data = ",".join(map(str, record.pack()))
    return f'.section {MODULE_SECTION},"",@progbits\n.balign 8\n.byte {data}\n'


def link_relocatable(folder: Path, name: str, objects: Sequence[Path], **changes: object) -> bytes:
    """A module's file of objects and metadata, as the toolchain links it."""
    described = compile_assembly(folder, f"{name}_metadata", metadata_assembly(metadata(**changes)))
    made = folder / f"{name}.ko"
    result = run("ld.lld", "-r", *objects, described, "-o", made)
    assert result.returncode == 0, result.stderr
    return made.read_bytes()


def link_kernel(folder: Path, kernel: Path) -> KernelSymbols:
    """The kernel object at its addresses, with a build-id and the TOC base of the samples."""
    script = folder / "kernel.lds"
    got = GOT_LAYOUT.format(address=KERNEL_TOC - 0x8000)
    script.write_text(f"SECTIONS {{\n{KERNEL_LAYOUT}{got}{DISCARD}}}\n")
    made = folder / "kernel.elf"
    result = run(
        "ld.lld",
        "-T",
        script,
        "--entry=0",
        "--no-toc-optimize",
        f"--build-id=0x{BUILD_ID.hex()}",
        kernel,
        "-o",
        made,
    )
    assert result.returncode == 0, result.stderr
    return KernelSymbols.from_elf(made.read_bytes())


@dataclass(frozen=True)
class Linked:
    """What lld made: its file and what it complained of."""

    image: bytes
    messages: str

    def refused(self) -> dict[str, set[int]]:
        """Offsets, by section, of relocations that it reported."""
        found: dict[str, set[int]] = {}
        for section, offset in re.findall(r":\((\.\w+)\+0x([0-9a-f]+)\): ", self.messages):
            found.setdefault(section, set()).add(int(offset, 16))
        return found


def link_at(
    folder: Path, module: bytes, linked: LinkedModule, bases: Bases, toc: int, kernel: Path, *options: str
) -> Linked:
    """Kernel and module linked as one program, every section of the module where our layout has it."""
    (folder / "oracle.ko").write_bytes(module)
    lines = [KERNEL_LAYOUT, GOT_LAYOUT.format(address=toc - 0x8000)]
    for kind in sorted(SegmentKind, key=bases.of):
        base = bases.of(kind)
        lines.append(f"    {output_name(kind)} {base:#x} : {{\n")
        for item in linked.segments[kind].placements:
            lines.append(f"        . = {base + item.offset:#x}; *oracle.ko({item.section.name})\n")
        lines.append("    }\n")
    script = folder / "oracle.lds"
    script.write_text(f"SECTIONS {{\n{''.join(lines)}{DISCARD}}}\n")
    made = folder / "oracle.elf"
    result = run(
        "ld.lld",
        "-O0",
        "-T",
        script,
        "--no-toc-optimize",
        "--no-check-sections",
        "--error-limit=0",
        "--entry=0",
        *options,
        kernel,
        folder / "oracle.ko",
        "-o",
        made,
    )
    assert made.exists(), result.stderr
    return Linked(made.read_bytes(), result.stderr)


def output_name(kind: SegmentKind) -> str:
    """The output section that holds a segment."""
    return f".module_{kind.value}"


def section(image: bytes, name: str) -> bytes:
    """The bytes of a section of a file, none when there is no such section."""
    found = ELFFile(io.BytesIO(image)).get_section_by_name(name)
    return b"" if found is None else bytes(found.data())
