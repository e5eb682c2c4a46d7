// Where file caches get page frames, and who takes them back when memory is short.
#pragma once

#include "kernel/park.h"
#include "objects/class_record.h"
#include "objects/root.h"

namespace services {

class FileCache;
class PageAllocator;

// PM in the reference: a tree of one root (PMRoot), which knows the page allocator, and leaves (PMLeaf) with the caches of
// one process or of the kernel. A page is asked for upwards; it is taken back downwards.
class PageManager : public objects::Object {
public:
    static objects::Kind kind;

    struct Creation {
        // Of the root.
        objects::Ref<PageAllocator> allocator;
        // Of a leaf.
        objects::Ref<PageManager> parent;
        // Pages that it and all below it may have at a time; 0: as many as there are.
        uint64_t limit = 0;
    };

    // A frame by its address in the linear map, contents undefined. When there is none, or the limit is reached, caches give
    // pages back first; parked while they write. NO_MEMORY when nobody has anything to give. Not for callers inside a
    // cache's lock.
    virtual kernel::Result<void*> allocate_page(kernel::Ticket* ticket) = 0;
    virtual kernel::Status free_page(void* frame) = 0;
    // Who gives pages back. The same reference is taken out again before it is destroyed. NO_MEMORY.
    virtual kernel::Status attach_cache(objects::Ref<FileCache> cache) = 0;
    virtual kernel::Status detach_cache(objects::Ref<FileCache> cache) = 0;
    // UNSUPPORTED by a leaf.
    virtual kernel::Status attach_manager(objects::Ref<PageManager> manager) = 0;
    virtual kernel::Status detach_manager(objects::Ref<PageManager> manager) = 0;
    // Makes caches give back pages until so many are free again: how many are. Parked when some are only being written.
    virtual kernel::Result<uint64_t> give_back(uint64_t pages, kernel::Ticket* ticket) = 0;
    // Pages that it has given out.
    virtual kernel::Result<uint64_t> pages_held() = 0;
    // Pages that caches gave back because it asked them.
    virtual kernel::Result<uint64_t> pages_taken_back() = 0;

    using Methods = objects::MethodList<&PageManager::allocate_page, &PageManager::free_page, &PageManager::attach_cache,
        &PageManager::detach_cache, &PageManager::attach_manager, &PageManager::detach_manager, &PageManager::give_back,
        &PageManager::pages_held, &PageManager::pages_taken_back>;

protected:
    ~PageManager() = default;
};

}
