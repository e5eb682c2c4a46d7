// Makes the cache of the machine's disk.

#include "kernel/init.h"
#include "objects/lifetime.h"
#include "objects/names.h"
#include "services/storage/listed_block_cache.h"

namespace services {

namespace {

kernel::Status start()
{
    TRY(objects::set_default_factory("BlockCache", "ListedBlockCache"));
    auto cache = TRY(objects::create_default<BlockCache>());
    return objects::give_name("block-cache", cache.reference());
}

[[gnu::section("init_functions"), gnu::used]] constexpr kernel::InitFunction block_cache{
    kernel::InitStage::Services, "storage.block_cache", start};

}

}
