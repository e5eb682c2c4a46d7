// The file system's own blocks in memory: map, inodes, directories, indirect blocks.
#pragma once

#include "services/files/block_set.h"
#include "services/storage/cached_block.h"

namespace services {

class MetadataBlock final : public CachedBlock {
public:
    explicit MetadataBlock(uint64_t number) : CachedBlock(number) {}

    template <typename T>
    T* as()
    {
        return static_cast<T*>(data());
    }

private:
    friend class MetadataCache;
    MetadataBlock* m_next = nullptr;
    // Changed by the running transaction; then in the list of those.
    bool m_dirty = false;
    // Never forgotten.
    bool m_pinned = false;
    kernel::ListLink<MetadataBlock> m_dirty_link;
};

// Guarded by the volume's lock. A block stays while it is dirty, or while the log holds what its home does not have
// yet: for these there is no other place to read them from.
class MetadataCache {
public:
    MetadataCache() = default;
    // Nothing is being read any more.
    ~MetadataCache();
    MetadataCache(const MetadataCache&) = delete;
    MetadataCache& operator=(const MetadataCache&) = delete;

    // Parked until it has been read; IO_ERROR, NO_MEMORY.
    kernel::Result<MetadataBlock*> get(uint64_t number, kernel::Ticket& ticket);
    // The same for a block that was gathered before in this call: it is there.
    MetadataBlock& present(uint64_t number);
    // A new one, zero, not read. NO_MEMORY.
    kernel::Result<MetadataBlock*> make(uint64_t number);
    // Reads it now and keeps it for good. At start.
    kernel::Result<MetadataBlock*> pin(uint64_t number);

    // Its contents were changed: they belong to the running transaction.
    void changed(MetadataBlock& block);
    // The same for one that may have been forgotten since.
    void changed_again(uint64_t number);
    // The block is free: what was changed need not reach the disk.
    void forget(uint64_t number);
    uint64_t dirty() const { return m_dirty_count; }
    // Null when the running transaction has no (more) blocks.
    MetadataBlock* take_dirty();

    // Forgets what can be read again; how many blocks.
    uint64_t shrink(const BlockSet& in_log);
    uint64_t count() const { return m_count; }

private:
    static constexpr unsigned buckets = 256;

    MetadataBlock* find(uint64_t number) const;
    void insert(MetadataBlock& block);
    void remove(MetadataBlock& block);

    MetadataBlock* m_buckets[buckets] = {};
    kernel::List<MetadataBlock, &MetadataBlock::m_dirty_link> m_dirty;
    uint64_t m_dirty_count = 0;
    uint64_t m_count = 0;
};

}
