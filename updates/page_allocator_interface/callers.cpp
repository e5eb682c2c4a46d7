// The page allocator's callers: the root of the page managers asks by the new method, and what the kernel's own code calls
// goes to the new interface directly. Nobody calls the old one any more.

#include "objects/adaptors.h"
#include "objects/update.h"
#include "page_allocator.h"
#include "services/memory/kernel_pages.h"
#include "services/memory/pm_root.h"

namespace services::v2 {

namespace {

// Whatever stands in front of it, the object itself: its interface is the new one.
objects::Ref<services::PageAllocator> canonical(objects::Ref<services::PageAllocator> allocator)
{
    return objects::Ref<services::PageAllocator>(objects::table().canonical(allocator.reference()));
}

objects::Ref<v3::PageAllocator> as_new(objects::Ref<services::PageAllocator> allocator)
{
    return objects::Ref<v3::PageAllocator>(allocator.reference());
}

// Pages taken back at a time when only the reserve is left.
constexpr uint64_t pages_at_a_time = 8;

}

class PMRoot final : public v1::PMRoot {
public:
    static objects::ClassDescriptor descriptor;

    using v1::PMRoot::PMRoot;

protected:
    kernel::Result<void*> take_frame(kernel::Ticket* ticket) override
    {
        for (;;) {
            const auto frame = as_new(m_state.creation.allocator)->allocate_pageable(1);
            if (frame.code() != kernel::Code::NO_MEMORY)
                return frame;
            if (TRY(give_back(pages_at_a_time, ticket)) == 0)
                return kernel::Code::NO_MEMORY;
        }
    }
    kernel::Status return_frame(void* frame) override { return as_new(m_state.creation.allocator)->free_pages(frame); }
};

class PMRootRoot final : public WholeStateRoot<PMRoot, PageManagerState, PageManager, page_manager_format> {
public:
    void commit_import() override
    {
        WholeStateRoot::commit_import();
        auto& creation = m_rep.state().creation;
        creation.allocator = canonical(creation.allocator);
    }
};

constinit objects::ClassDescriptor PMRoot::descriptor = objects::standard_class<PMRootRoot>("PMRoot", "PageManager", 2);

class KernelPagesPinned final : public v1::KernelPagesPinned {
public:
    static objects::FactoryMadeClass descriptor;

    using v1::KernelPagesPinned::KernelPagesPinned;

    kernel::Result<void*> allocate_pages(size_t pages) override { return allocator()->allocate_pages(pages); }
    kernel::Status free_pages(void* first) override { return allocator()->free_pages(first); }
    kernel::Result<uint64_t> pages_in_use() override { return allocator()->pages_in_use(); }
    kernel::Result<uint64_t> pages_free() override { return allocator()->pages_free(); }
    // Page managers leave it the reserve.
    kernel::Result<void*> demand_page() override { return allocator()->allocate_pages(1); }

private:
    objects::Ref<v3::PageAllocator> allocator() const { return as_new(state().allocator); }
};

class KernelPagesPinnedRoot final
    : public WholeStateRoot<KernelPagesPinned, KernelPages::Creation, KernelPages, kernel_pages_format> {
public:
    using WholeStateRoot::WholeStateRoot;

    void commit_import() override
    {
        WholeStateRoot::commit_import();
        m_rep.state().allocator = canonical(m_rep.state().allocator);
    }
};

constinit objects::FactoryMadeClass KernelPagesPinned::descriptor
    = objects::factory_class<KernelPagesPinnedRoot>("KernelPagesPinned", "KernelPages", 2);

static const objects::ClassRegistration registrations[] = {
    objects::ClassRegistration(PMRoot::descriptor), objects::ClassRegistration(KernelPagesPinned::descriptor)};

}

extern "C" kernel::Status module_init()
{
    TRY(objects::replace("page-manager", services::v2::PMRoot::descriptor));
    return objects::replace("kernel-pages", services::v2::KernelPagesPinned::descriptor);
}
