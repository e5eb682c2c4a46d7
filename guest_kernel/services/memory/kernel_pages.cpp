#include "services/memory/kernel_pages.h"

#include "kernel/init.h"
#include "kernel/page_source.h"
#include "kernel/panic.h"
#include "objects/adaptors.h"
#include "objects/counted_scope.h"
#include "objects/lifetime.h"
#include "objects/names.h"

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
