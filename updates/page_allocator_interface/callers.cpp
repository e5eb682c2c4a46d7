// The page allocator's callers: the root of the page managers asks by the new method, and what the kernel's own code calls
// goes to the new interface directly. Nobody calls the old one any more.

#include "kernel/text.h"
#include "objects/adaptors.h"
#include "objects/counted_scope.h"
#include "objects/names.h"
#include "objects/update.h"
#include "objects/update_record.h"
#include "page_allocator.h"
#include "services/memory/kernel_pages_pinned.h"
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

constexpr char new_kind[] = "PageAllocator/2";

// Whether the object behind it has the new interface. Calls nobody.
bool is_new(objects::Ref<services::PageAllocator> allocator)
{
    const objects::CountedScope keeps_the_root;
    const objects::Root* root = objects::table().root(canonical(allocator).reference());
    return root != nullptr && kernel::equal(root->descriptor().kind, new_kind);
}

objects::Ref<services::PageAllocator>& allocator_of(PageManagerState& state) { return state.creation.allocator; }
objects::Ref<services::PageAllocator>& allocator_of(KernelPages::Creation& state) { return state.allocator; }

// Pages taken back at a time when only the reserve is left.
constexpr uint64_t pages_at_a_time = 8;

}

// As long as this update may end as aborted, the adaptor stays where its callers had it.
uint64_t own_update = 0;

// Takes over a reference to the object itself, and hands one on.
template <typename RepType, typename State, typename Interface, const objects::Format& format>
class CallerRoot final : public WholeStateRoot<RepType, State, Interface, format> {
public:
    using Base = WholeStateRoot<RepType, State, Interface, format>;
    using Base::Base;

    // The class before calls the old interface: the allocator's own change is to be taken back first, unless this update
    // has not even come into service.
    kernel::Status export_state(
        const objects::Format& to, objects::TransferSite site, objects::TransferArena& arena) const override
    {
        TRY(Base::export_state(to, site, arena));
        if (!site.first())
            return {};
        auto& allocator = allocator_of(*static_cast<State*>(arena.parcel(site.cpu).data));
        if (is_new(allocator) && objects::updates().applying() != own_update)
            return kernel::Code::REFUSED;
        allocator = is_new(allocator) ? objects::Ref<services::PageAllocator>(m_adapted.find()) : canonical(allocator);
        return allocator ? kernel::Status() : kernel::Status(kernel::Code::GONE);
    }
    void commit_import() override
    {
        Base::commit_import();
        auto& allocator = allocator_of(this->m_rep.state());
        m_adapted = objects::NamedReference::of(allocator.reference());
        allocator = canonical(allocator);
    }

private:
    // What the class before called.
    objects::NamedReference m_adapted;
};

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

using PMRootRoot = CallerRoot<PMRoot, PageManagerState, PageManager, page_manager_format>;

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

using KernelPagesPinnedRoot
    = CallerRoot<KernelPagesPinned, KernelPages::Creation, KernelPages, kernel_pages_format>;

constinit objects::FactoryMadeClass KernelPagesPinned::descriptor
    = objects::factory_class<KernelPagesPinnedRoot>("KernelPagesPinned", "KernelPages", 2);

static const objects::ClassRegistration registrations[] = {
    objects::ClassRegistration(PMRoot::descriptor), objects::ClassRegistration(KernelPagesPinned::descriptor)};

}

extern "C" kernel::Status module_init()
{
    const objects::Ref<services::PageAllocator> allocator(objects::find_name("page-allocator"));
    if (!services::v2::is_new(allocator))
        return kernel::Code::VERSION;
    services::v2::own_update = objects::updates().applying();
    TRY(objects::replace("page-manager", services::v2::PMRoot::descriptor));
    return objects::replace("kernel-pages", services::v2::KernelPagesPinned::descriptor);
}
