// The page allocator of the kernel's pinned memory, as it shipped.
#pragma once

#include "kernel/spinlock.h"
#include "objects/standard_factory.h"
#include "services/memory/memory_descriptor.h"
#include "services/memory/page_allocator.h"

namespace services {

using kernel::Code;

// The data of the allocator, which an update takes over as it is: the descriptors stay where they are.
struct PageAllocatorState {
    FreeRanges free;
    UsedRanges used;
    SpareDescriptors spares;
    // Where the next new descriptor comes from, and where its page ends.
    uint64_t next_descriptor = 0;
    uint64_t descriptors_end = 0;
};

inline constexpr objects::Format page_allocator_formats[] = {{"page-allocator.state/1"}};

inline namespace v1 {

class PageAllocatorKernPinned : public objects::Rep<PageAllocator> {
public:
    static objects::FactoryMadeClass descriptor;

    explicit PageAllocatorKernPinned(objects::Root& root) : Rep(root) {}

    kernel::Result<void*> allocate_pages(size_t pages) override;
    kernel::Status free_pages(void* first) override;
    kernel::Result<uint64_t> pages_in_use() override;
    kernel::Result<uint64_t> pages_free() override;

    PageAllocatorState& state() { return m_state; }
    const PageAllocatorState& state() const { return m_state; }

protected:
    // Memory for a new descriptor; null when there is none. Called without m_lock, which a caller takes afterwards to
    // put the descriptor to use: section 4.3.2 of the reference tells what that leads to on several CPUs.
    virtual void* get_next_for_mdh(size_t size);

private:
    MemoryDescriptor* new_descriptor();
    uint64_t take_pages(uint64_t count);
    kernel::Status grow(uint64_t pages);

    // Guards the ranges and the spares. Innermost.
    kernel::SpinLock m_lock;
    PageAllocatorState m_state;
};

// The root of this class and of those that inherit from it: all of them hand over the same state.
template <typename RepType>
class PageAllocatorKernPinnedRootOf : public objects::SharedRoot<RepType> {
public:
    using InterfaceType = PageAllocator;

    objects::FormatList exports() const override { return objects::FormatList::of(page_allocator_formats); }
    objects::FormatList imports() const override { return objects::FormatList::of(page_allocator_formats); }
    size_t transfer_size(const objects::Format&) const override { return objects::parcel_size<PageAllocatorState>(1); }

    kernel::Status export_state(
        const objects::Format&, objects::TransferSite site, objects::TransferArena& arena) const override
    {
        if (site.first())
            *TRY(arena.place<PageAllocatorState>(site.cpu)) = this->m_rep.state();
        return {};
    }
    kernel::Status import_state(const objects::Format&, objects::TransferSite, const objects::Parcel& parcel) override
    {
        if (const auto* state = parcel.as<PageAllocatorState>())
            this->m_rep.state() = *state;
        return {};
    }
    // The descriptors belong to the new object now.
    void relinquish() override { this->m_rep.state() = {}; }
};

using PageAllocatorKernPinnedRoot = PageAllocatorKernPinnedRootOf<PageAllocatorKernPinned>;

}

}
