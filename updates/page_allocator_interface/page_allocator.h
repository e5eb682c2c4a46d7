// The page allocator's interface with a method for those who can give pages back.
#pragma once

#include "objects/root.h"

namespace services::v3 {

class PageAllocator : public objects::Object {
public:
    struct Creation {};

    virtual kernel::Result<void*> allocate_pages(size_t pages) = 0;
    // For page managers: NO_MEMORY while it would leave less than the reserve, so that they take pages back in time.
    virtual kernel::Result<void*> allocate_pageable(size_t pages) = 0;
    virtual kernel::Status free_pages(void* first) = 0;
    virtual kernel::Result<uint64_t> pages_in_use() = 0;
    virtual kernel::Result<uint64_t> pages_free() = 0;

    using Methods = objects::MethodList<&PageAllocator::allocate_pages, &PageAllocator::allocate_pageable,
        &PageAllocator::free_pages, &PageAllocator::pages_in_use, &PageAllocator::pages_free>;

protected:
    ~PageAllocator() = default;
};

}
