// Page managers asked for all the memory there is, while the kernel needs a page now and then (section 4.3.5 of the
// reference).

#include "kernel/init.h"
#include "kernel/owned.h"
#include "services/memory/kernel_pages.h"
#include "services/memory/memory.h"
#include "workload/workload.h"

namespace workload {

namespace {

// Pages in the hands of one client, linked through their first words; the second says whose they are.
class PageStack {
public:
    explicit PageStack(uint64_t owner) : m_owner(owner) {}

    uint64_t count() const { return m_count; }
    void push(void* page)
    {
        auto* words = static_cast<uint64_t*>(page);
        words[0] = reinterpret_cast<uint64_t>(m_first);
        words[1] = m_owner;
        m_first = words;
        ++m_count;
    }
    // Null when the page is not as it was left.
    void* pop()
    {
        uint64_t* words = m_first;
        m_first = reinterpret_cast<uint64_t*>(words[0]);
        --m_count;
        return words[1] == m_owner ? words : nullptr;
    }

private:
    uint64_t m_owner;
    uint64_t* m_first = nullptr;
    uint64_t m_count = 0;
};

// The first client stands for a driver, which cannot do without its buffers. The others stand for programs: they take
// pages from the root of the page managers until there are none, give some back, and go on.
class MemoryPressure final : public Workload {
public:
    const char* name() const override { return "memory-pressure"; }

protected:
    Status prepare(const Parameters&) override
    {
        m_kernel = services::kernel_pages();
        m_manager = services::root_page_manager();
        return m_kernel && m_manager ? Status() : Status(Code::NOT_FOUND);
    }
    Status enter(Client& client) override
    {
        client.own = kernel::make<PageStack>(kernel::Tag::Workload, client.random.next());
        return client.own != nullptr ? Status() : Status(Code::NO_MEMORY);
    }
    Status run_job(Client& client) override
    {
        auto& pages = *static_cast<PageStack*>(client.own);
        return is_driver(client) ? change_buffers(pages, client.random) : take_or_give_back(pages, client.random);
    }
    Status leave(Client& client) override
    {
        kernel::Owned<PageStack> pages(static_cast<PageStack*>(client.own));
        while (pages->count() > 0)
            TRY(is_driver(client) ? free_buffer(*pages) : free_page(*pages));
        return {};
    }

private:
    static constexpr uint64_t buffers = 8;
    static constexpr uint64_t pages_at_a_time = 32;

    static bool is_driver(const Client& client) { return client.index == 0; }

    Status change_buffers(PageStack& pages, Random& random)
    {
        if (pages.count() > 0 && (pages.count() == buffers || random.below(2) == 0))
            return free_buffer(pages);
        pages.push(TRY(m_kernel->demand_page()));
        return {};
    }

    Status take_or_give_back(PageStack& pages, Random& random)
    {
        for (uint64_t wanted = 1 + random.below(pages_at_a_time); wanted > 0; --wanted) {
            const auto page = m_manager->allocate_page(nullptr);
            if (page.code() == Code::NO_MEMORY)
                return give_back(pages, random.below(pages_at_a_time));
            pages.push(TRY(page));
        }
        return {};
    }

    Status give_back(PageStack& pages, uint64_t count)
    {
        for (; count > 0 && pages.count() > 0; --count)
            TRY(free_page(pages));
        return {};
    }

    Status free_page(PageStack& pages)
    {
        void* page = pages.pop();
        return page == nullptr ? Status(Code::INVALID) : m_manager->free_page(page);
    }
    Status free_buffer(PageStack& pages)
    {
        void* page = pages.pop();
        return page == nullptr ? Status(Code::INVALID) : m_kernel->free_pages(page);
    }

    objects::Ref<services::KernelPages> m_kernel;
    objects::Ref<services::PageManager> m_manager;
};

constinit MemoryPressure pressure;

[[gnu::section("init_functions"), gnu::used]] constexpr kernel::InitFunction start{
    kernel::InitStage::Services, "workload.memory_pressure", [] {
        add(pressure);
        return Status();
    }};

}

}
