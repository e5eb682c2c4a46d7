// Clients that allocate and free kernel memory concurrently, as in section 4.3.2 of the reference.

#include "kernel/init.h"
#include "objects/names.h"
#include "services/memory/page_allocator.h"
#include "workload/workload.h"

namespace workload {

namespace {

// What a client holds: each block is stamped at both ends of each page, so that two owners of one page find out.
struct Block {
    uint64_t* memory = nullptr;
    uint64_t pages = 0;
    uint64_t stamp = 0;
};

class Holdings {
public:
    explicit Holdings(objects::Ref<services::PageAllocator> allocator) : m_allocator(allocator) {}

    // Frees what a random place holds, or fills it when it is empty. Running out of memory is no error.
    bool change(Random& random)
    {
        auto& block = m_blocks[random.below(places)];
        if (block.memory != nullptr)
            return release(block);
        const uint64_t pages = 1 + random.below(max_pages);
        const auto memory = m_allocator->allocate_pages(pages);
        if (!memory.ok())
            return memory.code() == Code::NO_MEMORY;
        block = {static_cast<uint64_t*>(memory.value()), pages, random.next()};
        for_each_mark(block, [](uint64_t& mark, uint64_t stamp) { mark = stamp; return true; });
        return true;
    }

    bool release_all()
    {
        bool right = true;
        for (auto& block : m_blocks)
            right &= block.memory == nullptr || release(block);
        return right;
    }

private:
    static constexpr unsigned places = 64;
    static constexpr uint64_t max_pages = 2;
    static constexpr uint64_t words = abi::PAGE_SIZE / sizeof(uint64_t);

    template <typename Visit>
    static bool for_each_mark(const Block& block, Visit visit)
    {
        bool all = true;
        for (uint64_t page = 0; page < block.pages; ++page) {
            all &= visit(block.memory[page * words], block.stamp + page);
            all &= visit(block.memory[page * words + words - 1], ~(block.stamp + page));
        }
        return all;
    }

    bool release(Block& block)
    {
        const bool intact = for_each_mark(block, [](uint64_t& mark, uint64_t stamp) { return mark == stamp; });
        const Status freed = m_allocator->free_pages(block.memory);
        block = {};
        return intact && freed.ok();
    }

    objects::Ref<services::PageAllocator> m_allocator;
    Block m_blocks[places];
};

class AllocationStorm final : public Workload {
public:
    const char* name() const override { return "allocation-storm"; }

protected:
    Status prepare() override
    {
        m_allocator = objects::Ref<services::PageAllocator>(objects::find_name("page-allocator"));
        return m_allocator ? Status() : Status(Code::NOT_FOUND);
    }
    Status enter(Client& client) override
    {
        client.own = kernel::make<Holdings>(kernel::Tag::Workload, m_allocator);
        return client.own != nullptr ? Status() : Status(Code::NO_MEMORY);
    }
    bool run_job(Client& client) override { return static_cast<Holdings*>(client.own)->change(client.random); }
    bool leave(Client& client) override
    {
        kernel::Owned<Holdings> holdings(static_cast<Holdings*>(client.own));
        return holdings->release_all();
    }

private:
    objects::Ref<services::PageAllocator> m_allocator;
};

constinit AllocationStorm storm;

[[gnu::section("init_functions"), gnu::used]] constexpr kernel::InitFunction start{
    kernel::InitStage::Services, "workload.allocation_storm", [] {
        add(storm);
        return Status();
    }};

}

}
