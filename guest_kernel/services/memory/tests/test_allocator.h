// A page allocator with so many pages and no more, and without the shipped one's race.
#pragma once

#include "kernel/page_source.h"
#include "objects/standard_class.h"
#include "services/memory/page_allocator.h"

namespace services::tests {

class TestAllocator final : public objects::Rep<PageAllocator> {
public:
    static objects::ClassDescriptor descriptor;

    explicit TestAllocator(objects::Root& root, uint64_t limit = 0) : Rep(root), m_limit(limit) {}

    kernel::Result<void*> allocate_pages(size_t pages) override
    {
        if (__atomic_add_fetch(&m_in_use, pages, __ATOMIC_RELAXED) <= m_limit) {
            const auto memory = kernel::frame_pool().allocate_pages(pages);
            if (memory.ok())
                return memory;
        }
        __atomic_sub_fetch(&m_in_use, pages, __ATOMIC_RELAXED);
        return kernel::Code::NO_MEMORY;
    }
    // Of one page.
    kernel::Status free_pages(void* first) override
    {
        kernel::frame_pool().free_pages(first, 1);
        __atomic_sub_fetch(&m_in_use, 1, __ATOMIC_RELAXED);
        return {};
    }
    kernel::Result<uint64_t> pages_in_use() override { return __atomic_load_n(&m_in_use, __ATOMIC_RELAXED); }
    kernel::Result<uint64_t> pages_free() override { return m_limit - __atomic_load_n(&m_in_use, __ATOMIC_RELAXED); }

private:
    uint64_t m_limit;
    uint64_t m_in_use = 0;
};

class TestAllocatorRoot final : public objects::SharedRoot<TestAllocator> {
public:
    using InterfaceType = PageAllocator;
    using SharedRoot::SharedRoot;
};

}
