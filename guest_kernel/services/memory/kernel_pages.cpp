#include "services/memory/kernel_pages.h"

#include "kernel/init.h"
#include "kernel/page_source.h"
#include "kernel/panic.h"
#include "objects/adaptors.h"
#include "objects/counted_scope.h"
#include "objects/lifetime.h"
#include "objects/names.h"
#include "services/memory/kernel_pages_pinned.h"

namespace services {

namespace {

// Where the heap and the others get pages once there are objects.
class ObjectPageSource final : public kernel::PageSource {
public:
    explicit ObjectPageSource(objects::Ref<KernelPages> pages) : m_pages(pages) {}

    kernel::Result<void*> allocate_pages(size_t pages) override
    {
        objects::CountedScope scope;
        return m_pages->allocate_pages(pages);
    }
    void free_pages(void* first, size_t) override
    {
        objects::CountedScope scope;
        kernel::check(m_pages->free_pages(first).ok(), "pages were freed that are not in use");
    }

private:
    objects::Ref<KernelPages> m_pages;
};

constexpr char well_known[] = "kernel-pages";

// Not by its factory, for the reason that holds for the page allocator.
kernel::Result<objects::Reference> make_kernel_pages()
{
    const objects::Ref<PageAllocator> allocator(objects::find_name("page-allocator"));
    kernel::Owned<objects::Root> root(
        kernel::make<KernelPagesPinnedRoot>(kernel::Tag::Object, KernelPages::Creation{allocator}));
    if (!root)
        return kernel::Code::NO_MEMORY;
    return objects::publish(static_cast<kernel::Owned<objects::Root>&&>(root));
}

kernel::Status start()
{
    const objects::Ref<KernelPages> pages(TRY(make_kernel_pages()));
    TRY(objects::give_name(well_known, pages.reference()));
    TRY(objects::adaptors().pin(pages.reference(), "heap"));
    auto* source = kernel::make<ObjectPageSource>(kernel::Tag::Service, pages);
    if (source == nullptr)
        return kernel::Code::NO_MEMORY;
    kernel::set_page_source(*source);
    return {};
}

// After the page allocator, before the factories.
[[gnu::section("init_functions"), gnu::used]] constexpr kernel::InitFunction kernel_pages_start{
    kernel::InitStage::Objects, "1.pages", start};

}

objects::Ref<KernelPages> kernel_pages()
{
    return objects::Ref<KernelPages>(objects::find_name(well_known));
}

}
