// The write-ahead log of metadata on the disk.
#pragma once

#include "services/files/block_set.h"
#include "services/files/geometry.h"
#include "services/files/metadata_cache.h"

namespace services {

// Transactions lie one behind the other from the log's first block, each a header and whole blocks, under one checksum:
// one that was torn by a power cut is as if it had never been. Replayed are those that follow each other without a gap
// in their sequence numbers. The whole log is kept in memory too: it is where blocks are copied to while they go on
// being changed, and from where they are written home when it is full.
//
// Used by the journal's thread, which waits for the disk in place; begin and add under the volume's lock.
class Log {
public:
    Log() = default;
    ~Log() { kernel::deallocate(m_mirror); }
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;

    kernel::Status start(const Geometry& geometry);
    // Writes home what the log holds and empties it. At start.
    kernel::Status recover();

    bool has_room(uint64_t blocks) const { return !m_must_restart && m_position + 1 + blocks <= abi::LOG_BLOCKS; }
    void begin();
    void add(const MetadataBlock& block);
    // Writes the transaction; it is durable after a flush.
    kernel::Status write();
    // It is; or it is not and will be begun anew.
    void accept();
    // Calls visit(home) for each block of the transaction that is not accepted.
    template <typename Visit>
    void reject(Visit visit)
    {
        for (uint64_t i = 0; i < m_adding; ++i)
            visit(m_home[m_position + 1 + i]);
        m_adding = 0;
    }

    // Writes every block home, makes that durable and empties the log. All of it is durable in the log.
    kernel::Status empty();
    // Blocks whose home may be older than what the log has.
    const BlockSet& blocks() const { return m_blocks; }

private:
    abi::LogHeader& header(uint64_t position) const;
    uint8_t* image(uint64_t position) const { return m_mirror + position * abi::DISK_BLOCK_SIZE; }
    static uint64_t sum(abi::LogHeader& header);
    void find_transactions();
    bool valid(uint64_t position, uint64_t sequence) const;
    bool newest(uint64_t position) const;
    kernel::Status write_home();
    kernel::Status restart();

    const Geometry* m_geometry = nullptr;
    // The log's blocks, then one to be put in place of the first.
    uint8_t* m_mirror = nullptr;
    // Of what follows; of the next transaction.
    uint64_t m_position = 0;
    uint64_t m_sequence = 1;
    // Blocks of the transaction that is being written.
    uint64_t m_adding = 0;
    // Where the block at a position belongs; 0 for a header.
    uint32_t m_home[abi::LOG_BLOCKS] = {};
    BlockSet m_blocks;
    // The empty transaction that ends an emptying may have reached the disk, so nothing must follow the old ones.
    bool m_must_restart = false;
};

}
