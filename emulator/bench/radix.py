"""Radix page tables for tests: 52-bit trees of 13, 9, 9 and 9 bits with 4 KiB pages."""

from emulator.machine import Hardware

READ, WRITE, EXECUTE, PRIVILEGED = 0x4, 0x2, 0x1, 0x8
KERNEL = 0xC000_0000_0000_0000
_TREE_SIZE = (2 << 61) | (5 << 5)  # RTS = 21: 52 bits
_VALID, _LEAF, _REFERENCED_CHANGED = 1 << 63, 1 << 62, 0x180
_BITS = (13, 9, 9, 9)


class PageTables:
    """Builds trees from ``base`` on; entry 0 of the process table is the kernel's, others are processes'."""

    def __init__(self, hardware: Hardware, base: int = 0x400000) -> None:
        self._memory = hardware.memory
        self._next = base
        self.partition_table = self._allocate(0x10000)
        self._process_table = self._allocate(0x1000)
        self._roots: dict[int, int] = {}
        self._memory.write_word(self.partition_table, 1 << 63)
        self._memory.write_word(self.partition_table + 8, self._process_table)

    def map(self, effective: int, physical: int, protection: int, pid: int = 0) -> None:
        """One 4 KiB page."""
        table, shift = self._root(pid), 52
        for bits in _BITS[:-1]:
            shift -= bits
            table = self._next_table(table + 8 * (effective >> shift & (1 << bits) - 1))
        entry = table + 8 * (effective >> 12 & 0x1FF)
        self._memory.write_word(entry, _VALID | _LEAF | physical | _REFERENCED_CHANGED | protection)

    def switch_on(self) -> str:
        """Assembly that brings this CPU under these tables; translation itself is still off after it."""
        return (
            f"lis 5, {self.partition_table >> 16}; mtspr 464, 5;"
            "mfspr 5, 318; li 6, 1; sldi 6, 6, 20; or 5, 5, 6; mtspr 318, 5; li 5, 1; mtspr 48, 5; isync;"
        )

    def _root(self, pid: int) -> int:
        if pid not in self._roots:
            self._roots[pid] = self._allocate(0x10000)
            self._memory.write_word(self._process_table + 16 * pid, _TREE_SIZE | self._roots[pid] | _BITS[0])
        return self._roots[pid]

    def _next_table(self, entry: int) -> int:
        value = self._memory.read_word(entry)
        if not value & _VALID:
            value = _VALID | self._allocate(0x1000) | 9
            self._memory.write_word(entry, value)
        return value & 0x0FFF_FFFF_FFFF_FF00

    def _allocate(self, size: int) -> int:
        address = -(-self._next // size) * size
        self._next = address + size
        return address
