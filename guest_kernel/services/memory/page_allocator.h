// Whole pages of kernel memory.
#pragma once

#include "objects/root.h"

namespace services {

// Reached through the well-known name "page-allocator". Its callers are objects: code that is none calls KernelPages.
class PageAllocator : public objects::Object {
public:
    struct Creation {};

    // Contiguous pages, by their address in the linear map. NO_MEMORY is possible.
    virtual kernel::Result<void*> allocate_pages(size_t pages) = 0;
    // What one allocate_pages returned, whole. INVALID for anything else.
    virtual kernel::Status free_pages(void* first) = 0;
    virtual kernel::Result<uint64_t> pages_in_use() = 0;
    virtual kernel::Result<uint64_t> pages_free() = 0;

    using Methods = objects::MethodList<&PageAllocator::allocate_pages, &PageAllocator::free_pages,
        &PageAllocator::pages_in_use, &PageAllocator::pages_free>;

protected:
    ~PageAllocator() = default;
};

}
