// The files and directories of a volume, by number.
#pragma once

#include "services/files/geometry.h"
#include "services/files/metadata_cache.h"

namespace services {

// Guarded by the volume's lock.
class InodeTable {
public:
    InodeTable(const Geometry& geometry, MetadataCache& cache) : m_geometry(geometry), m_cache(cache) {}
    InodeTable(const InodeTable&) = delete;
    InodeTable& operator=(const InodeTable&) = delete;

    // Looks which are used. IO_ERROR, NO_MEMORY.
    kernel::Status start();

    // Parked until its block has been read.
    kernel::Result<abi::Inode*> get(uint64_t number, kernel::Ticket& ticket);
    // One that was gathered before in this call.
    abi::Inode& present(uint64_t number);
    // What get gave was altered.
    void changed(uint64_t number);

    // A number that is free, 0 when there is none. It stays so until take.
    uint64_t find_free();
    void take(uint64_t number, abi::InodeType type);
    void release(uint64_t number);
    uint64_t free_inodes() const { return m_free; }

    // The first one from `number` on that has no name: it was removed while it was open, and the power was cut. 0: none.
    // At start.
    uint64_t next_nameless(uint64_t number) const;

private:
    uint64_t block_of(uint64_t number) const { return m_geometry.inode_first + number / abi::INODES_PER_BLOCK; }
    void note(const abi::Inode* inodes, uint64_t first, uint64_t count);

    const Geometry& m_geometry;
    MetadataCache& m_cache;
    BlockSet m_used;
    BlockSet m_nameless;
    uint64_t m_free = 0;
    // Where the search begins.
    uint64_t m_next = 0;
};

}
