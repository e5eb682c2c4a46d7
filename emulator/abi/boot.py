"""What the host tells the kernel at start, at physical address BOOT_INFO."""

from enum import IntFlag
from typing import Final

from emulator.abi.layout import U64, Chars, Field, Record

BOOT_MAGIC: Final = 0x4556_4552_4752_4545  # "EVERGREE"


class BootFlag(IntFlag):
    """Bits of BootInfo.flags."""

    RUN_TESTS = 1
    """Run the in-guest tests once ready, then power off."""
    KEEP_RACE = 2
    """A run that is about the shipped allocator race: no one applies its update first."""


BOOT_INFO_RECORD: Final = Record(
    "BootInfo",
    Field("magic", U64),
    Field("size", U64),
    Field("memory_bytes", U64),
    Field("cpus", U64),
    Field("workload_seed", U64),
    Field("flags", U64),
    Field("image_end", U64),
    Field("arguments", Chars(256)),
)
