#include "services/storage/block_cache.h"

namespace services {

constinit objects::Kind BlockCache::kind{"BlockCache"};

}
