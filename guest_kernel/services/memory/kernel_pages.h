// Whole pages for kernel code that is no object.
#pragma once

#include "services/memory/page_allocator.h"

namespace services {

// The heap, what measures memory and what loads the system hold a reference to this, and only objects call the page
// allocator: so its interface can change, and its callers be updated. Well-known as "kernel-pages". It stands beneath the
// heap, and its callers cannot be updated: its own interface stays as it is.
class KernelPages : public objects::Object {
public:
    struct Creation {
        objects::Ref<PageAllocator> allocator;
    };

    // As PageAllocator's of these names.
    virtual kernel::Result<void*> allocate_pages(size_t pages) = 0;
    virtual kernel::Status free_pages(void* first) = 0;
    virtual kernel::Result<uint64_t> pages_in_use() = 0;
    virtual kernel::Result<uint64_t> pages_free() = 0;
    // One page for code that has no way to go on without it: the kernel panics when there is none.
    virtual kernel::Result<void*> demand_page() = 0;

    using Methods = objects::MethodList<&KernelPages::allocate_pages, &KernelPages::free_pages,
        &KernelPages::pages_in_use, &KernelPages::pages_free, &KernelPages::demand_page>;

protected:
    ~KernelPages() = default;
};

// Null before it is made.
objects::Ref<KernelPages> kernel_pages();

}
