// A block cache that finds its blocks by hash, with a lock for each bucket.
#pragma once

#include "kernel/mutex.h"
#include "services/storage/block_cache_root.h"
#include "services/storage/block_list.h"

namespace services {

inline namespace v1 {

class HashedBlockCache final : public objects::Rep<BlockCache> {
public:
    static objects::FactoryMadeClass descriptor;

    explicit HashedBlockCache(objects::Root& root) : Rep(root) {}

    kernel::Status read(uint64_t block, void* to, kernel::Ticket* ticket) override;
    kernel::Result<uint64_t> shrink() override;
    kernel::Result<uint64_t> blocks_cached() override;

    uint64_t count() const;
    template <typename Visit>
    void for_each(Visit visit) const
    {
        for (const auto& bucket : m_buckets)
            bucket.blocks.for_each(visit);
    }
    void adopt(CachedBlock& block) { bucket_of(block.block()).blocks.add(block); }
    void forget_all();

private:
    struct Bucket {
        // Guards the list, as ListedBlockCache's lock does. One is held at a time.
        kernel::Mutex lock;
        BlockList blocks;
    };
    static constexpr unsigned buckets = 16;

    Bucket& bucket_of(uint64_t block) { return m_buckets[block % buckets]; }

    Bucket m_buckets[buckets];
};

using HashedBlockCacheRoot = BlockCacheRootOf<HashedBlockCache>;

}

}
