// The kinds of objects that memory is made of.

#include "services/memory/address_translation.h"
#include "services/memory/file_cache.h"
#include "services/memory/page_manager.h"
#include "services/memory/region.h"

namespace services {

constinit objects::Kind AddressTranslation::kind{"AddressTranslation"};
constinit objects::Kind FileCache::kind{"FileCache"};
constinit objects::Kind PageManager::kind{"PageManager"};
constinit objects::Kind Region::kind{"Region"};

}
