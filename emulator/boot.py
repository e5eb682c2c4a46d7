"""What the kernel finds in memory when it starts."""

from __future__ import annotations

import io

from elftools.elf.elffile import ELFFile

from emulator.abi.boot import BOOT_INFO_RECORD, BOOT_MAGIC, BootFlag
from emulator.abi.memory_map import PAGE_SIZE
from emulator.system_config import SystemConfig


def boot_information(config: SystemConfig, image: bytes) -> bytes:
    """The BootInfo record for a kernel image."""
    flags = BootFlag.RUN_TESTS * config.run_tests | BootFlag.KEEP_RACE * config.keep_race
    return BOOT_INFO_RECORD.pack(
        magic=BOOT_MAGIC,
        size=BOOT_INFO_RECORD.size,
        memory_bytes=config.memory,
        cpus=config.cpus,
        workload_seed=config.seed_of_workload,
        flags=flags,
        image_end=image_end(image),
        arguments=config.arguments,
    )


def image_end(image: bytes) -> int:
    """Physical address of the first page after the image."""
    segments = ELFFile(io.BytesIO(image)).iter_segments("PT_LOAD")
    end = max(segment["p_paddr"] + segment["p_memsz"] for segment in segments)
    return -(-int(end) // PAGE_SIZE) * PAGE_SIZE
