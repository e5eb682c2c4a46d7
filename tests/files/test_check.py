"""Each kind of damage that the checker knows is found, and gets a line of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import pytest

from emulator import Machine, SystemConfig
from emulator.abi.disk import DISK_BLOCK_SIZE
from emulator.abi.file_system import (
    DIRECTORY_ENTRY_RECORD,
    FILE_SYSTEM_FIRST_BLOCK,
    INODE_RECORD,
    INODES_PER_BLOCK,
    ROOT_INODE,
    SUPERBLOCK_RECORD,
)
from emulator.filesystem import Image, Tree, check
from emulator.machine import Until
from tests.files.storm import start_storm

BLOCKS: Final = 4096


@pytest.fixture(scope="module")
def contents() -> bytes:
    """A disk after a short storm and an orderly end: nothing is left in the log."""
    with Machine(SystemConfig(seed=1, policy="random")) as machine:
        start_storm(machine, seed=1)
        machine.run_for(25_000_000)
        machine.monitor.power_off()
        machine.run(Until(deadline_ns=machine.virtual_ns + 1_000_000_000))
        return b"".join(machine.devices.disk.medium.read_durable(block) for block in range(BLOCKS))


@dataclass
class Patient:
    """A disk that can be damaged, and what is where on it."""

    data: bytearray

    def __post_init__(self) -> None:
        self.image = Image.from_bytes(bytes(self.data))
        self.tree = Tree(self.image)
        nodes = [node for node in self.tree.walk() if not node.inode.is_directory]
        self.file, self.other = nodes[0].inode, nodes[1].inode
        self.parent = self.tree.find(nodes[0].path.rpartition("/")[0])

    def set_inode(self, number: int, field: str, value: int) -> None:
        at = self.image.geometry.inode_first * DISK_BLOCK_SIZE + number * INODE_RECORD.size
        self._set(at + INODE_RECORD.offset(field), value, 8 if field == "length" else 4)

    def set_half(self, number: int, field: str, value: int) -> None:
        at = self.image.geometry.inode_first * DISK_BLOCK_SIZE + number * INODE_RECORD.size
        self._set(at + INODE_RECORD.offset(field), value, 2)

    def set_entry(self, index: int, field: str, value: int) -> None:
        at = self.parent.direct[0] * DISK_BLOCK_SIZE + index * DIRECTORY_ENTRY_RECORD.size
        self._set(at + DIRECTORY_ENTRY_RECORD.offset(field), value, 4)

    def flip_map(self, block: int) -> None:
        self.data[self.image.geometry.map_first * DISK_BLOCK_SIZE + block // 8] ^= 0x80 >> block % 8

    def used_entries(self) -> list[int]:
        start = self.parent.direct[0] * DISK_BLOCK_SIZE
        size = DIRECTORY_ENTRY_RECORD.size
        return [index for index in range(64) if any(self.data[start + index * size :][:4])]

    def _set(self, at: int, value: int, size: int) -> None:
        self.data[at : at + size] = value.to_bytes(size, "big")


def no_superblock(patient: Patient) -> None:
    patient.data[FILE_SYSTEM_FIRST_BLOCK * DISK_BLOCK_SIZE] ^= 1


def wrong_superblock(patient: Patient) -> None:
    at = FILE_SYSTEM_FIRST_BLOCK * DISK_BLOCK_SIZE + SUPERBLOCK_RECORD.offset("blocks") + 7
    patient.data[at] ^= 1


def unknown_type(patient: Patient) -> None:
    patient.set_half(patient.file.number, "type", 9)


def endless_file(patient: Patient) -> None:
    patient.set_inode(patient.file.number, "length", 1 << 40)


def block_outside(patient: Patient) -> None:
    patient.set_inode(patient.file.number, "direct", BLOCKS)


def block_of_two(patient: Patient) -> None:
    patient.set_inode(patient.file.number, "direct", patient.other.direct[0])


def lost_block(patient: Patient) -> None:
    patient.flip_map(BLOCKS - 1)


def free_block(patient: Patient) -> None:
    patient.flip_map(patient.file.direct[0])


def wrong_links(patient: Patient) -> None:
    patient.set_half(patient.file.number, "links", 2)


def wrong_hash(patient: Patient) -> None:
    patient.set_entry(patient.used_entries()[0], "hash", 1)


def name_of_nothing(patient: Patient) -> None:
    patient.set_entry(patient.used_entries()[0], "inode", INODES_PER_BLOCK * 100)


def name_twice(patient: Patient) -> None:
    size = DIRECTORY_ENTRY_RECORD.size
    start = patient.parent.direct[0] * DISK_BLOCK_SIZE
    first, second = patient.used_entries()[:2]
    name = patient.data[start + first * size + 4 : start + first * size + size]
    patient.data[start + second * size + 4 : start + second * size + size] = name


def cut_off(patient: Patient) -> None:
    patient.set_inode(ROOT_INODE, "length", 0)
    patient.set_inode(ROOT_INODE, "direct", 0)


def directory_with_a_hole(patient: Patient) -> None:
    patient.set_inode(patient.parent.number, "length", 2 * DISK_BLOCK_SIZE)


def no_root(patient: Patient) -> None:
    patient.set_half(ROOT_INODE, "type", 1)


DAMAGES: Final[dict[Callable[[Patient], None], str]] = {
    no_superblock: "block 256 is no superblock",
    wrong_superblock: "the superblock's checksum is wrong",
    unknown_type: "type 9",
    endless_file: "1099511627776 bytes long",
    block_outside: "block 4096 is no data block",
    block_of_two: "belongs to inodes",
    lost_block: "block 4095: used in the map, and should not be",
    free_block: "free in the map, and should not be",
    wrong_links: "2 links, 1 names",
    wrong_hash: "is 0x1",
    name_of_nothing: "names inode 6400, which is free",
    name_twice: "is there twice",
    cut_off: "not reached from the root directory",
    directory_with_a_hole: "has not one block for each of its 2 pages",
    no_root: "there is no root directory",
}


def test_an_orderly_end_leaves_a_clean_disk(contents: bytes) -> None:
    report = check(Image.from_bytes(contents).block)
    assert report.clean
    assert report.files > 5
    assert report.directories == 5
    assert report.nameless == 0


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: str(damage.__name__))
def test_damage_is_found(contents: bytes, damage: Callable[[Patient], None]) -> None:
    patient = Patient(bytearray(contents))
    damage(patient)
    data = bytes(patient.data)
    report = check(lambda block: data[block * DISK_BLOCK_SIZE : (block + 1) * DISK_BLOCK_SIZE])
    assert [line for line in report.problems if DAMAGES[damage] in line] != [], report.problems
