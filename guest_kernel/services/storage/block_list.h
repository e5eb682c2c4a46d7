// The blocks of one cache, or of a part of one.
#pragma once

#include "services/storage/block_cache.h"
#include "services/storage/cached_block.h"

namespace services {

// Owns its blocks. Guarded by the lock of whoever has it.
class BlockList {
public:
    BlockList() = default;
    // Waits for the disk where it must.
    ~BlockList();
    BlockList(const BlockList&) = delete;
    BlockList& operator=(const BlockList&) = delete;

    // A block that is there or on its way; one whose reading failed is dropped and read anew. Null without memory.
    CachedBlock* find_or_read(uint64_t block);
    void add(CachedBlock& block);
    // Frees the blocks that are not being read; how many.
    uint64_t discard_idle();
    uint64_t count() const { return m_count; }
    template <typename Visit>
    void for_each(Visit visit) const
    {
        for (auto* block = m_first; block != nullptr; block = block->next)
            visit(*block);
    }
    // They belong to someone else now.
    void forget();

private:
    CachedBlock* m_first = nullptr;
    uint64_t m_count = 0;
};

// One call of BlockCache::read on the list that the block belongs to.
kernel::Status read_from(BlockList& blocks, uint64_t block, void* to, kernel::Ticket& ticket);

}
