#include "services/memory/kernel_pages_pinned.h"

#include "kernel/panic.h"

namespace services {

inline namespace v1 {

constinit objects::FactoryMadeClass KernelPagesPinned::descriptor
    = objects::factory_class<KernelPagesPinnedRoot>("KernelPagesPinned", "KernelPages", 1);

kernel::Result<void*> KernelPagesPinned::allocate_pages(size_t pages)
{
    return m_state.allocator->allocate_pages(pages);
}

kernel::Status KernelPagesPinned::free_pages(void* first)
{
    return m_state.allocator->free_pages(first);
}

kernel::Result<uint64_t> KernelPagesPinned::pages_in_use()
{
    return m_state.allocator->pages_in_use();
}

kernel::Result<uint64_t> KernelPagesPinned::pages_free()
{
    return m_state.allocator->pages_free();
}

// Page managers may hold all the memory there is, and nobody keeps any back for the kernel: section 4.3.5 of the
// reference.
kernel::Result<void*> KernelPagesPinned::demand_page()
{
    const auto page = m_state.allocator->allocate_pages(1);
    if (page.code() == kernel::Code::NO_MEMORY)
        kernel::panic("out of memory: the kernel needs a page and there is none");
    return page;
}

static const objects::ClassRegistration registration(KernelPagesPinned::descriptor);

}

}
