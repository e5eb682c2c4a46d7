// Whole pages for kernel code that is no object.
#pragma once

#include "objects/standard_factory.h"
#include "services/memory/page_allocator.h"
#include "services/memory/whole_state_root.h"

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
