"""Compiles a few lines of C++ against the kernel's headers, as a module's author would."""

import io
from pathlib import Path

import capstone
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from toolchain.compiler import Compiled, Compiler, SourceRoot, Unit
from toolchain.kernel import default_store, generated_headers
from toolchain.paths import installation


def compile_snippet(directory: Path, text: str) -> Compiled:
    """Raises CompilationError when it does not build."""
    (directory / "snippet.cpp").write_text(text, encoding="utf-8")
    root = SourceRoot(directory, "snippet")
    headers = SourceRoot(installation().kernel_sources, "guest_kernel")
    unit = Unit(root, "snippet.cpp", (headers, generated_headers(default_store())))
    return Compiler.find().compile(unit)


def disassemble(compiled: Compiled, function: str) -> list[capstone.CsInsn]:
    """The instructions of one ``extern "C"`` function."""
    elf = ELFFile(io.BytesIO(compiled.object))
    symbols = elf.get_section_by_name(".symtab")
    assert isinstance(symbols, SymbolTableSection)
    found = symbols.get_symbol_by_name(function)
    assert found is not None
    symbol = found[0]
    section = elf.get_section(symbol["st_shndx"])
    code = section.data()[symbol["st_value"] :][: symbol["st_size"]]
    decoder = capstone.Cs(capstone.CS_ARCH_PPC, capstone.CS_MODE_64 | capstone.CS_MODE_BIG_ENDIAN)
    return list(decoder.disasm(code, symbol["st_value"]))
