"""Physical and effective address map of the machine and its kernel (bytes)."""

from typing import Final

PAGE_SIZE: Final = 0x1000
MAX_CPUS: Final = 8

# Physical addresses. RAM starts at 0 and never reaches DEVICE_PHYSICAL (at most 1 GiB).
VECTORS_END: Final = 0x3000
BOOT_INFO: Final = 0x8000
KERNEL_LOAD: Final = 0x10000
DEVICE_PHYSICAL: Final = 0x8000_0000

# Effective addresses, quadrant 3 (PID 0 tree). The kernel image is linked at KERNEL_BASE + physical:
# real mode ignores the top four bits of an effective address, so early code runs where it is linked.
KERNEL_BASE: Final = 0xC000_0000_0000_0000
# Modules lie within 32 MB of the kernel text, so `bl` reaches both ways and one TOC serves all.
MODULE_BASE: Final = 0xC000_0000_0100_0000
MODULE_END: Final = 0xC000_0000_01F0_0000
LINEAR_BASE: Final = 0xC000_1000_0000_0000
# The same effective addresses map to different frames on each CPU.
PERCPU_BASE: Final = 0xC000_2000_0000_0000
LOCAL_TABLE_BASE: Final = 0xC000_2000_4000_0000
GLOBAL_TABLE_BASE: Final = 0xC000_3000_0000_0000
# Every CPU's local table once more, at addresses of their own: any CPU can change any other's entries.
LOCAL_TABLES_BASE: Final = 0xC000_3000_4000_0000
STACK_BASE: Final = 0xC000_4000_0000_0000
DEVICE_BASE: Final = 0xC000_8000_0000_0000

# Entries of the object translation table: 2^21, two words each in the local table.
TABLE_ENTRIES: Final = 0x20_0000
LOCAL_ENTRY_SIZE: Final = 16
