// Clients that allocate and free kernel memory concurrently, as in section 4.3.2 of the reference.

#include "kernel/init.h"
#include "workload/stamped_pages.h"
#include "workload/workload.h"

namespace workload {

namespace {

class Holdings {
public:
    explicit Holdings(objects::Ref<services::KernelPages> allocator) : m_allocator(allocator) {}

    // Frees what a random place holds, or fills it when it is empty. Running out of memory is no error.
    Status change(Random& random)
    {
        auto& place = m_places[random.below(places)];
        if (!place.empty())
            return place.release(m_allocator);
        const uint64_t pages = 1 + random.below(max_pages);
        const Status taken = place.take(m_allocator, pages, random.next());
        return taken == Code::NO_MEMORY ? Status() : taken;
    }

    Status release_all()
    {
        Status all;
        for (auto& place : m_places) {
            const Status released = place.empty() ? Status() : place.release(m_allocator);
            if (!released.ok())
                all = released;
        }
        return all;
    }

private:
    static constexpr unsigned places = 64;
    static constexpr uint64_t max_pages = 2;

    objects::Ref<services::KernelPages> m_allocator;
    StampedPages m_places[places];
};

class AllocationStorm final : public Workload {
public:
    const char* name() const override { return "allocation-storm"; }

protected:
    Status prepare(const Parameters&) override
    {
        m_allocator = services::kernel_pages();
        return m_allocator ? Status() : Status(Code::NOT_FOUND);
    }
    Status enter(Client& client) override
    {
        client.own = kernel::make<Holdings>(kernel::Tag::Workload, m_allocator);
        return client.own != nullptr ? Status() : Status(Code::NO_MEMORY);
    }
    Status run_job(Client& client) override { return static_cast<Holdings*>(client.own)->change(client.random); }
    Status leave(Client& client) override
    {
        kernel::Owned<Holdings> holdings(static_cast<Holdings*>(client.own));
        return holdings->release_all();
    }

private:
    objects::Ref<services::KernelPages> m_allocator;
};

constinit AllocationStorm storm;

[[gnu::section("init_functions"), gnu::used]] constexpr kernel::InitFunction start{
    kernel::InitStage::Services, "workload.allocation_storm", [] {
        add(storm);
        return Status();
    }};

}

}
