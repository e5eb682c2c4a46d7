// How the objects of the memory system are made and how they go.
#pragma once

#include "services/memory/address_translation.h"
#include "services/memory/file_cache.h"
#include "services/memory/page_manager.h"
#include "services/memory/region.h"

namespace services {

// Each is open when it is returned. NO_MEMORY.
kernel::Result<objects::Ref<AddressTranslation>> make_address_translation();
// Of the class that is the default for regions now.
kernel::Result<objects::Ref<Region>> make_region(const Region::Creation& creation);
// Of the default class of an interface that extends Region, which a module may have brought. NOT_FOUND when there is none,
// INVALID for what it cannot make.
kernel::Result<objects::Ref<Region>> make_region_of(const char* interface_name, const Region::Creation& creation);
kernel::Result<objects::Ref<FileCache>> make_anonymous_cache(objects::Ref<PageManager> manager);
// FCMFile, or what else is the default for files.
kernel::Result<objects::Ref<FileCache>> make_file_cache(
    objects::Ref<PageManager> manager, objects::Ref<FileRepresentative> file);
// Below `parent`, with so many pages at most; 0: no limit.
kernel::Result<objects::Ref<PageManager>> make_page_manager(objects::Ref<PageManager> parent, uint64_t limit);

// No thread runs in it any more.
kernel::Status destroy_address_translation(objects::Ref<AddressTranslation> translation);
// May be parked, with the ticket of the thread that calls.
kernel::Status destroy_region(objects::Ref<Region> region);
// Its regions are gone. May be parked. IO_ERROR when something dirty could not be written; it is gone all the same.
kernel::Status destroy_cache(objects::Ref<FileCache> cache, kernel::Ticket* ticket);
// Its caches are gone.
kernel::Status destroy_page_manager(objects::Ref<PageManager> manager, objects::Ref<PageManager> parent);

// The one that all others are below; well-known as "page-manager".
objects::Ref<PageManager> root_page_manager();

}
