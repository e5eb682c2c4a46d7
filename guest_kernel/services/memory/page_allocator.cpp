#include "services/memory/page_allocator.h"

#include "kernel/init.h"
#include "kernel/page_source.h"
#include "kernel/panic.h"
#include "objects/counted_scope.h"
#include "objects/lifetime.h"
#include "objects/names.h"
#include "services/memory/page_allocator_kern_pinned.h"

namespace services {

namespace {

// Where the heap and the others get pages once there are objects.
class ObjectPageSource final : public kernel::PageSource {
public:
    explicit ObjectPageSource(objects::Ref<PageAllocator> allocator) : m_allocator(allocator) {}

    kernel::Result<void*> allocate_pages(size_t pages) override
    {
        objects::CountedScope scope;
        return m_allocator->allocate_pages(pages);
    }
    void free_pages(void* first, size_t) override
    {
        objects::CountedScope scope;
        kernel::check(m_allocator->free_pages(first).ok(), "pages were freed that are not in use");
    }

private:
    objects::Ref<PageAllocator> m_allocator;
};

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
    const objects::Ref<PageAllocator> allocator(TRY(make_page_allocator()));
    TRY(objects::give_name("page-allocator", allocator.reference()));
    auto* source = kernel::make<ObjectPageSource>(kernel::Tag::Service, allocator);
    if (source == nullptr)
        return kernel::Code::NO_MEMORY;
    kernel::set_page_source(*source);
    return {};
}

[[gnu::section("init_functions"), gnu::used]] constexpr kernel::InitFunction page_allocator{
    kernel::InitStage::Objects, "1.page_allocator", start};

}

}
