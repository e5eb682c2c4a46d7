#include "services/storage/listed_block_cache.h"

#include "objects/standard_class.h"

namespace services {

inline namespace v1 {

constinit objects::FactoryMadeClass ListedBlockCache::descriptor
    = objects::factory_class<ListedBlockCacheRoot>("ListedBlockCache", "BlockCache", 1);

kernel::Status ListedBlockCache::read(uint64_t block, void* to, kernel::Ticket* ticket)
{
    kernel::MutexGuard guard(m_lock);
    return read_from(m_blocks, block, to, *ticket);
}

kernel::Result<uint64_t> ListedBlockCache::shrink()
{
    kernel::MutexGuard guard(m_lock);
    return m_blocks.discard_idle();
}

kernel::Result<uint64_t> ListedBlockCache::blocks_cached()
{
    kernel::MutexGuard guard(m_lock);
    return m_blocks.count();
}

static const objects::ClassRegistration registration(ListedBlockCache::descriptor);

}

}
