// A range of a process' addresses that shows pages of a file cache.
#pragma once

#include "kernel/park.h"
#include "objects/class_record.h"
#include "objects/root.h"
#include "services/memory/access.h"

namespace services {

class AddressTranslation;
class FileCache;
class PageManager;

class Region : public objects::Object {
public:
    static objects::Kind kind;

    struct Creation {
        objects::Ref<AddressTranslation> translation;
        objects::Ref<FileCache> cache;
        // Page-aligned.
        uint64_t address = 0;
        uint64_t pages = 0;
        // Of the cache.
        uint64_t first_page = 0;
        arch::Protection protection = arch::Protection::READ;
        // For classes that make caches of their own instead: whose pages they have, and how many caches.
        objects::Ref<PageManager> manager = {};
        uint64_t partitions = 0;
    };

    // Once, before the first touch. NO_MEMORY.
    virtual kernel::Status open() = 0;
    // Nothing is mapped any more; the region can be destroyed. May be parked where it has caches of its own.
    virtual kernel::Status close(kernel::Ticket* ticket) = 0;
    virtual kernel::Result<uint64_t> address() = 0;
    virtual kernel::Result<uint64_t> pages() = 0;
    // A program has touched an address that was not mapped, or not for that: afterwards it is, and the instruction can
    // start again. May be parked. FAULT when the address is not the region's or its protection does not allow it; errors of
    // FileCache::map_page.
    virtual kernel::Status handle_fault(uint64_t address, Access access, kernel::Ticket* ticket) = 0;
    // The pages from this address on are not wanted any more. FAULT outside the region; see FileCache::discard.
    virtual kernel::Status discard(uint64_t address, uint64_t pages, kernel::Ticket* ticket) = 0;

    using Methods = objects::MethodList<&Region::open, &Region::close, &Region::address, &Region::pages,
        &Region::handle_fault, &Region::discard>;

protected:
    ~Region() = default;
};

}
