"""Loading a linked ELF image into RAM."""

import io

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile

from emulator.errors import UsageError
from emulator.machine.device import BusFault
from emulator.machine.memory import Memory

_EM_PPC64 = "EM_PPC64"


def load_elf(memory: Memory, image: bytes) -> int:
    """Copies every PT_LOAD to its physical address and returns the entry point as the file has it.

    Raises UsageError for an image that is not big-endian PPC64 or does not fit.
    """
    try:
        elf = ELFFile(io.BytesIO(image))
        if elf.little_endian or elf["e_machine"] != _EM_PPC64:
            raise UsageError("the kernel image is not a big-endian PPC64 ELF file")
        for segment in elf.iter_segments("PT_LOAD"):
            data = segment.data()
            memory.write(segment["p_paddr"], data + bytes(segment["p_memsz"] - len(data)))
        return int(elf["e_entry"])
    except ELFError as error:
        raise UsageError(f"the kernel image is damaged: {error}") from None
    except BusFault as error:
        raise UsageError(f"the kernel image does not fit: {error}") from None
