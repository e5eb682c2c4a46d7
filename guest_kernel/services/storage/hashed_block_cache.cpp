#include "services/storage/hashed_block_cache.h"

#include "objects/standard_class.h"

namespace services {

inline namespace v1 {

constinit objects::FactoryMadeClass HashedBlockCache::descriptor
    = objects::factory_class<HashedBlockCacheRoot>("HashedBlockCache", "BlockCache", 1);

kernel::Status HashedBlockCache::read(uint64_t block, void* to, kernel::Ticket* ticket)
{
    auto& bucket = bucket_of(block);
    kernel::MutexGuard guard(bucket.lock);
    return read_from(bucket.blocks, block, to, *ticket);
}

kernel::Result<uint64_t> HashedBlockCache::shrink()
{
    uint64_t discarded = 0;
    for (auto& bucket : m_buckets) {
        kernel::MutexGuard guard(bucket.lock);
        discarded += bucket.blocks.discard_idle();
    }
    return discarded;
}

kernel::Result<uint64_t> HashedBlockCache::blocks_cached()
{
    return count();
}

uint64_t HashedBlockCache::count() const
{
    uint64_t count = 0;
    for (const auto& bucket : m_buckets)
        count += bucket.blocks.count();
    return count;
}

void HashedBlockCache::forget_all()
{
    for (auto& bucket : m_buckets)
        bucket.blocks.forget();
}

static const objects::ClassRegistration registration(HashedBlockCache::descriptor);

}

}
