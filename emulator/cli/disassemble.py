"""``evergreen disassemble``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from emulator.cli.build import built_kernel
from emulator.cli.options import json_option
from emulator.cli.output import print_document, print_result
from emulator.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from emulator.modules.elf_sections import Section
    from emulator.monitor.code import Instruction

_INSTRUCTION_SIZE = 4


@click.command("disassemble")
@click.argument("place")
@click.option("--count", type=click.IntRange(1, 65536), help="Instructions.  [default: the whole function]")
@json_option
def command(place: str, count: int | None, as_json: bool) -> None:
    """Disassemble the kernel at PLACE: a function's name, NAME+OFFSET or 0xADDRESS.

    Names are as in C++, with parameters where several functions share one. What is loaded into a running
    machine is disassembled at its prompt.

    \b
    Examples:
      evergreen disassemble kernel::yield
      evergreen disassemble 0xc000000000010000 --count 8
    """
    listing = _disassemble(place, count)
    if as_json:
        rows = [
            {"address": f"{each.address:#x}", "word": f"{each.word:#010x}", "text": each.text}
            for each in listing
        ]
        print_document({"place": place, "instructions": rows})
        return
    for instruction in listing:
        print_result(str(instruction))


def _disassemble(place: str, count: int | None) -> list[Instruction]:
    from emulator.monitor.code import disassemble
    from emulator.monitor.symboliser import Symboliser

    kernel = built_kernel().path
    symbols = Symboliser(kernel.read_bytes())
    address = symbols.address(place)
    if count is None:
        found = symbols.find(address)
        end = (
            address + 16 * _INSTRUCTION_SIZE if found is None or not found.size else found.start + found.size
        )
    else:
        end = address + count * _INSTRUCTION_SIZE
    return list(disassemble(_contents(kernel.read_bytes(), address, end), address, symbols))


def _contents(image: bytes, address: int, end: int) -> bytes:
    """Bytes of the image as linked. Raises UsageError when it has no code there."""
    from emulator.modules.elf_constants import FileType, SectionFlag
    from emulator.modules.elf_header import ElfHeader
    from emulator.modules.elf_sections import parse_sections

    sections: Sequence[Section] = parse_sections(image, ElfHeader.parse(image, FileType.EXECUTABLE))
    for section in sections:
        if section.has(SectionFlag.EXECUTE) and section.address <= address < section.address + section.size:
            start = address - section.address
            return section.data[start : start + end - address]
    raise UsageError(f"{address:#x} is not in the kernel's code")
