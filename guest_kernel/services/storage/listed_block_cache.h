// A block cache that keeps its blocks in one list.
#pragma once

#include "kernel/mutex.h"
#include "services/storage/block_cache_root.h"
#include "services/storage/block_list.h"

namespace services {

inline namespace v1 {

class ListedBlockCache final : public objects::Rep<BlockCache> {
public:
    static objects::FactoryMadeClass descriptor;

    explicit ListedBlockCache(objects::Root& root) : Rep(root) {}

    kernel::Status read(uint64_t block, void* to, kernel::Ticket* ticket) override;
    kernel::Result<uint64_t> shrink() override;
    kernel::Result<uint64_t> blocks_cached() override;

    uint64_t count() const { return m_blocks.count(); }
    template <typename Visit>
    void for_each(Visit visit) const
    {
        m_blocks.for_each(visit);
    }
    void adopt(CachedBlock& block) { m_blocks.add(block); }
    void forget_all() { m_blocks.forget(); }

private:
    // Guards the list. Held while blocks are allocated and freed, which may wait, and never while the disk is awaited.
    kernel::Mutex m_lock;
    BlockList m_blocks;
};

using ListedBlockCacheRoot = BlockCacheRootOf<ListedBlockCache>;

}

}
