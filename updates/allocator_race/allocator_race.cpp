// The fix of section 4.3.2: two CPUs that need a new memory descriptor at the same time were given the same one.

#include "objects/standard_class.h"
#include "objects/update.h"
#include "services/memory/page_allocator_kern_pinned.h"

namespace services::v2 {

// All but one method is the old class's own.
class PageAllocatorKernPinned final : public v1::PageAllocatorKernPinned {
public:
    static objects::FactoryMadeClass descriptor;

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

constinit objects::FactoryMadeClass PageAllocatorKernPinned::descriptor
    = objects::factory_class<v1::PageAllocatorKernPinnedRootOf<PageAllocatorKernPinned>>(
        "PageAllocatorKernPinned", "PageAllocator", 2);

static const objects::ClassRegistration registration(PageAllocatorKernPinned::descriptor);

}

extern "C" kernel::Status module_init()
{
    return objects::replace("page-allocator", services::v2::PageAllocatorKernPinned::descriptor);
}
