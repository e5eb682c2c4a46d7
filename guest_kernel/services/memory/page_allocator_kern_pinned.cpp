#include "services/memory/page_allocator_kern_pinned.h"

#include "kernel/placement_new.h"

#include "arch/ppc64/mmu.h"
#include "kernel/frames.h"
#include "objects/standard_class.h"

namespace services {

namespace {

// Pages taken from the pool of frames at a time.
constexpr uint64_t growth_pages = 64;

void* address_of(uint64_t page) { return reinterpret_cast<void*>(page * abi::PAGE_SIZE); }
uint64_t page_of(const void* address) { return reinterpret_cast<uint64_t>(address) / abi::PAGE_SIZE; }

}

inline namespace v1 {

constinit objects::FactoryMadeClass PageAllocatorKernPinned::descriptor
    = objects::factory_class<PageAllocatorKernPinnedRoot>("PageAllocatorKernPinned", "PageAllocator", 1);

kernel::Result<void*> PageAllocatorKernPinned::allocate_pages(size_t pages)
{
    if (pages == 0)
        return Code::INVALID;
    auto* range = new_descriptor();
    if (range == nullptr)
        return Code::NO_MEMORY;
    const uint64_t page = take_pages(pages);
    kernel::SpinGuard guard(m_lock);
    if (page == 0) {
        m_state.spares.add(*range);
        return Code::NO_MEMORY;
    }
    range->page = page;
    range->count = pages;
    m_state.used.insert(*range);
    return address_of(page);
}

kernel::Status PageAllocatorKernPinned::free_pages(void* first)
{
    kernel::SpinGuard guard(m_lock);
    auto* range = m_state.used.remove(page_of(first));
    if (range == nullptr)
        return Code::INVALID;
    m_state.free.insert(*range, m_state.spares);
    return {};
}

kernel::Result<uint64_t> PageAllocatorKernPinned::pages_in_use()
{
    kernel::SpinGuard guard(m_lock);
    return m_state.used.pages();
}

kernel::Result<uint64_t> PageAllocatorKernPinned::pages_free()
{
    kernel::SpinGuard guard(m_lock);
    return m_state.free.pages();
}

MemoryDescriptor* PageAllocatorKernPinned::new_descriptor()
{
    {
        kernel::SpinGuard guard(m_lock);
        if (auto* spare = m_state.spares.take())
            return spare;
    }
    void* memory = get_next_for_mdh(sizeof(MemoryDescriptor));
    return memory == nullptr ? nullptr : new (memory) MemoryDescriptor;
}

void* PageAllocatorKernPinned::get_next_for_mdh(size_t size)
{
    if (m_state.next_descriptor + size > m_state.descriptors_end) {
        const uint64_t page = take_pages(1);
        if (page == 0)
            return nullptr;
        m_state.next_descriptor = page * abi::PAGE_SIZE;
        m_state.descriptors_end = m_state.next_descriptor + abi::PAGE_SIZE;
    }
    void* memory = reinterpret_cast<void*>(m_state.next_descriptor);
    m_state.next_descriptor += size;
    return memory;
}

// The number of the first of `count` contiguous pages that belong to the caller now; 0 when there is no memory.
uint64_t PageAllocatorKernPinned::take_pages(uint64_t count)
{
    for (;;) {
        {
            kernel::SpinGuard guard(m_lock);
            if (const uint64_t page = m_state.free.take(count, m_state.spares))
                return page;
        }
        if (!grow(count).ok())
            return 0;
    }
}

// Takes pages from the pool of frames: the usual amount, or what is wanted now when that is all there is.
kernel::Status PageAllocatorKernPinned::grow(uint64_t pages)
{
    uint64_t count = pages + 1 > growth_pages ? pages + 1 : growth_pages;
    auto frames = kernel::allocate_frames(count);
    if (!frames.ok()) {
        count = pages + 1;
        frames = kernel::allocate_frames(count);
    }
    // The first page holds the descriptor of the others.
    auto* first = arch::linear(TRY(frames));
    auto* range = new (first) MemoryDescriptor;
    range->page = page_of(first) + 1;
    range->count = count - 1;
    kernel::SpinGuard guard(m_lock);
    m_state.free.insert(*range, m_state.spares);
    return {};
}

static const objects::ClassRegistration registration(PageAllocatorKernPinned::descriptor);

}

}
