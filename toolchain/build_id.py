"""Reads the build-id of a linked file."""

from __future__ import annotations

import io

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import NoteSection


def read_build_id(elf: bytes) -> str | None:
    """The note NT_GNU_BUILD_ID of an ELF file in hexadecimal; None when it has none."""
    for section in ELFFile(io.BytesIO(elf)).iter_sections():
        if isinstance(section, NoteSection):
            for note in section.iter_notes():
                if note["n_type"] == "NT_GNU_BUILD_ID":
                    return str(note["n_desc"])
    return None
