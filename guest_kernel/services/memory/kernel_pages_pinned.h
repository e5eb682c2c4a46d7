// Whole pages for kernel code, from the allocator of pinned memory.
#pragma once

#include "services/memory/kernel_pages.h"
#include "services/memory/whole_state_root.h"

namespace services {

inline constexpr objects::Format kernel_pages_format{"kernel-pages.allocator/1"};

inline namespace v1 {

class KernelPagesPinned : public objects::Rep<KernelPages> {
public:
    static objects::FactoryMadeClass descriptor;

    explicit KernelPagesPinned(objects::Root& root) : Rep(root) {}
    KernelPagesPinned(objects::Root& root, const Creation& creation) : Rep(root), m_state(creation) {}

    kernel::Result<void*> allocate_pages(size_t pages) override;
    kernel::Status free_pages(void* first) override;
    kernel::Result<uint64_t> pages_in_use() override;
    kernel::Result<uint64_t> pages_free() override;
    kernel::Result<void*> demand_page() override;

    Creation& state() { return m_state; }
    const Creation& state() const { return m_state; }

private:
    Creation m_state;
};

using KernelPagesPinnedRoot = WholeStateRoot<KernelPagesPinned, KernelPages::Creation, KernelPages, kernel_pages_format>;

}

}
