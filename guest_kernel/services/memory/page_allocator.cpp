#include "services/memory/page_allocator.h"

#include "kernel/init.h"
#include "objects/lifetime.h"
#include "objects/names.h"
#include "services/memory/page_allocator_kern_pinned.h"

namespace services {

namespace {

// Not by its factory: factories are on the heap, and the heap's pages will come from here. Its factory adopts it.
kernel::Result<objects::Reference> make_page_allocator()
{
    kernel::Owned<objects::Root> root(kernel::make<PageAllocatorKernPinnedRoot>(kernel::Tag::Object));
    if (!root)
        return kernel::Code::NO_MEMORY;
    return objects::publish(static_cast<kernel::Owned<objects::Root>&&>(root));
}

kernel::Status start()
{
    return objects::give_name("page-allocator", TRY(make_page_allocator()));
}

[[gnu::section("init_functions"), gnu::used]] constexpr kernel::InitFunction page_allocator{
    kernel::InitStage::Objects, "1.page_allocator", start};

}

}
