// Where on the disk the file system has what.
#pragma once

#include <stdint.h>

#include "abi.h"
#include "kernel/status.h"

namespace services {

inline constexpr uint64_t map_bits_per_block = abi::DISK_BLOCK_SIZE * 8;

// As a superblock says; one for the whole life of a volume.
struct Geometry {
    uint64_t blocks = 0;
    uint64_t log_first = 0;
    uint64_t map_first = 0;
    uint64_t map_blocks = 0;
    uint64_t inode_first = 0;
    uint64_t inode_blocks = 0;
    uint64_t data_first = 0;

    uint64_t inodes() const { return inode_blocks * abi::INODES_PER_BLOCK; }
    // For a disk of that size.
    static Geometry of(uint64_t blocks);
    // INVALID when it is no superblock of a disk of that size.
    kernel::Status read(const abi::Superblock& superblock, uint64_t disk_blocks);
    void write(abi::Superblock& superblock) const;
};

// Writes an empty file system; waits for the disk in place. IO_ERROR, REFUSED, NO_MEMORY.
kernel::Status format(const Geometry& geometry);

}
