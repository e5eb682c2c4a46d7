// Where modules lie: ranges, protections, failures and users.
#include "devices/module_space.h"

#include "arch/ppc64/mmu.h"
#include "kernel/frames.h"
#include "kernel/heap.h"
#include "kernel/page_source.h"
#include "kernel/test.h"
#include "kernel/thread.h"

namespace devices {

namespace {

constexpr uint64_t one_each[] = {1, 1, 1};

Module* make_module(const uint64_t (&pages)[abi::MODULE_SEGMENTS])
{
    const auto made = module_space().create("test", pages);
    EXPECT(made.ok());
    return made.value();
}

kernel::Test layout{"modules.layout", [] {
    const uint64_t pages[] = {2, 0, 3};
    Module* module = make_module(pages);
    EXPECT(module->base() >= abi::MODULE_BASE && module->base() % abi::PAGE_SIZE == 0);
    EXPECT(module->segments[1].base == module->base() + 2 * abi::PAGE_SIZE);
    EXPECT(module->segments[2].base == module->segments[1].base);
    for (uint64_t page = 0; page < 5; ++page) {
        const auto physical = arch::translate(module->base() + page * abi::PAGE_SIZE);
        EXPECT(physical.ok() && physical.value() == module->frames[page]);
    }
    const uint64_t base = module->base();
    EXPECT(arch::translate(base + 5 * abi::PAGE_SIZE).code() == Code::NOT_FOUND);
    module_space().destroy(module);
    EXPECT(arch::translate(base).code() == Code::NOT_FOUND);
}};

kernel::Test holes{"modules.holes_are_used_again", [] {
    Module* first = make_module(one_each);
    Module* second = make_module(one_each);
    Module* third = make_module(one_each);
    EXPECT(second->base() >= first->base() + 4 * abi::PAGE_SIZE);
    const uint64_t hole = second->base();
    module_space().destroy(second);
    const uint64_t larger[] = {2, 1, 1};
    Module* large = make_module(larger);
    EXPECT(large->base() > third->base());
    second = make_module(one_each);
    EXPECT(second->base() == hole);
    Module* const all[] = {large, third, second, first};
    for (Module* module : all)
        module_space().destroy(module);
}};

kernel::Test too_large{"modules.too_large", [] {
    const uint64_t pages[] = {(abi::MODULE_END - abi::MODULE_BASE) / abi::PAGE_SIZE, 0, 0};
    EXPECT(module_space().create("test", pages).code() == Code::NO_MEMORY);
    const uint64_t absurd[] = {~uint64_t{0} / 2, 0, 0};
    EXPECT(module_space().create("test", absurd).code() == Code::NO_MEMORY);
    Module* module = make_module(one_each);
    EXPECT(module->base() == abi::MODULE_BASE);
    module_space().destroy(module);
}};

kernel::Test out_of_memory{"modules.out_of_memory", [] {
    const uint64_t before = kernel::usage(kernel::Tag::Module).bytes;
    bool failed = true;
    for (uint64_t n = 1; failed; ++n) {
        kernel::FailAllocation fail(n);
        const auto made = module_space().create("test", one_each);
        failed = fail.happened();
        EXPECT(made.ok() != failed);
        if (made.ok())
            module_space().destroy(made.value());
        EXPECT(kernel::usage(kernel::Tag::Module).bytes == before);
    }
}};

// The frame pool, which refuses this thread's n-th request for pages and those that follow.
class ScarcePages final : public kernel::PageSource {
public:
    explicit ScarcePages(uint64_t refused) : m_left(refused) {}

    Result<void*> allocate_pages(size_t pages) override
    {
        if (kernel::current_thread() == m_thread && m_left <= 1)
            return Code::NO_MEMORY;
        if (kernel::current_thread() == m_thread)
            --m_left;
        return kernel::frame_pool().allocate_pages(pages);
    }
    void free_pages(void* first, size_t pages) override { kernel::frame_pool().free_pages(first, pages); }

private:
    kernel::Thread* m_thread = kernel::current_thread();
    uint64_t m_left;
    kernel::OtherPageSource m_scope{*this};
};

kernel::Test out_of_pages{"modules.out_of_pages", [] {
    // Page tables and heap blocks that stay are there after the first time.
    module_space().destroy(make_module(one_each));
    const uint64_t free_before = kernel::frames_free();
    bool made = false;
    for (uint64_t n = 1; !made; ++n) {
        ScarcePages scarce(n);
        const auto module = module_space().create("test", one_each);
        made = module.ok();
        EXPECT(made == (n > 3));
        EXPECT(made || module.code() == Code::NO_MEMORY);
        if (made)
            module_space().destroy(module.value());
        EXPECT(kernel::frames_free() == free_before);
    }
}};

kernel::Test users{"modules.users", [] {
    Module* module = make_module(one_each);
    const uint64_t id = module->id;
    const uint64_t inside = module->base() + abi::PAGE_SIZE + 8;
    EXPECT(module_space().begin_unload(id).code() == Code::BUSY);
    module_space().set_state(*module, ModuleState::Active);
    EXPECT(module_space().pin(inside).value() == module);
    EXPECT(module_space().begin_unload(id).code() == Code::BUSY);
    module_space().unpin(*module);
    EXPECT(module_space().begin_unload(id).value() == module);
    EXPECT(module_space().pin(inside).code() == Code::GONE);
    module_space().destroy(module);
    EXPECT(module_space().pin(inside).code() == Code::NOT_FOUND);
    EXPECT(module_space().begin_unload(id).code() == Code::NOT_FOUND);
}};

}

}
