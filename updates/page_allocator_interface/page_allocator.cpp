// The page allocator keeps pages back for the kernel. The new method stands in the middle of the interface: every method
// behind it has another number, and who still calls the old interface gets an adaptor.

#include "page_allocator.h"

#include "callers.h"
#include "kernel/frames.h"
#include "objects/adaptation.h"
#include "objects/adaptors.h"
#include "objects/standard_class.h"
#include "objects/standard_factory.h"
#include "objects/update.h"
#include "services/memory/page_allocator_kern_pinned.h"

namespace services::v3 {

namespace {

// More than the kernel takes before page managers, refused, give pages back; and than all CPUs together may take at once
// after each has found that there is enough.
constexpr uint64_t reserve_pages = 64;

}

// The shipped allocator is a part of this one, with the fix of update allocator_race.
class PageAllocatorKernPinned final : public objects::Rep<PageAllocator> {
public:
    static objects::FactoryMadeClass descriptor;

    explicit PageAllocatorKernPinned(objects::Root& root) : Rep(root), m_pages(root) {}

    kernel::Result<void*> allocate_pages(size_t pages) override { return m_pages.allocate_pages(pages); }
    kernel::Result<void*> allocate_pageable(size_t pages) override
    {
        const uint64_t left = m_pages.pages_free().value() + kernel::frames_free();
        if (left < reserve_pages + pages)
            return Code::NO_MEMORY;
        return m_pages.allocate_pages(pages);
    }
    kernel::Status free_pages(void* first) override { return m_pages.free_pages(first); }
    kernel::Result<uint64_t> pages_in_use() override { return m_pages.pages_in_use(); }
    kernel::Result<uint64_t> pages_free() override { return m_pages.pages_free(); }

    PageAllocatorState& state() { return m_pages.state(); }
    const PageAllocatorState& state() const { return m_pages.state(); }

private:
    class Pages final : public v1::PageAllocatorKernPinned {
    public:
        using v1::PageAllocatorKernPinned::PageAllocatorKernPinned;

    protected:
        void* get_next_for_mdh(size_t size) override
        {
            kernel::SpinGuard guard(m_next_mem_desc_lock);
            return v1::PageAllocatorKernPinned::get_next_for_mdh(size);
        }

    private:
        // Guards where the next new descriptor comes from. Outside the lock of the ranges.
        kernel::SpinLock m_next_mem_desc_lock;
    };

    Pages m_pages;
};

class PageAllocatorRoot final : public v1::PageAllocatorKernPinnedRootOf<PageAllocatorKernPinned> {
public:
    using InterfaceType = PageAllocator;
};

constinit objects::FactoryMadeClass PageAllocatorKernPinned::descriptor
    = objects::factory_class<PageAllocatorRoot>("PageAllocatorKernPinned", "PageAllocator/2", 3);

static const objects::ClassRegistration registration(PageAllocatorKernPinned::descriptor);

namespace {

// Every old method has a namesake, so there is nothing to say.
const objects::Adaptation<services::PageAllocator, PageAllocator> old_to_new;

// When the change is taken back nobody keeps a reserve any more.
const objects::Adaptation<PageAllocator, services::PageAllocator,
    objects::Renamed<&PageAllocator::allocate_pageable, &services::PageAllocator::allocate_pages>>
    new_to_old;

constinit objects::AdaptorPlan way_back = objects::adaptor_plan<objects::Adaptor>(new_to_old, callers::of_new);
constinit objects::AdaptorPlan plan = objects::adaptor_plan<objects::Adaptor>(old_to_new, callers::of_old);

}

}

extern "C" kernel::Status module_init()
{
    return objects::replace("page-allocator", services::v3::PageAllocatorKernPinned::descriptor, &services::v3::plan,
        &services::v3::way_back);
}
