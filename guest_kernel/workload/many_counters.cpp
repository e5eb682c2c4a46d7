// Clients that count on many counters of one class, and make and end some of their own: each counts for itself, and all
// of them together must have what was counted.

#include "kernel/init.h"
#include "objects/lifetime.h"
#include "services/counter/shared_counter.h"
#include "workload/workload.h"

namespace workload {

namespace {

using services::Counter;
using services::SharedCounterRoot;

class ManyCounters final : public Workload {
public:
    const char* name() const override { return "counters"; }

protected:
    Status prepare(const Parameters&) override
    {
        m_counted = 0;
        for (auto& counter : m_counters)
            counter = TRY(objects::create<SharedCounterRoot>());
        return {};
    }
    Status run_job(Client& client) override
    {
        if (client.random.below(short_lived_every) == 0)
            return use_short_lived(client);
        TRY(m_counters[client.random.below(counters)]->increment());
        // Relaxed: only the sum counts.
        __atomic_fetch_add(&m_counted, 1, __ATOMIC_RELAXED);
        return {};
    }
    bool verify(const Totals&) override
    {
        int64_t sum = 0;
        bool right = true;
        for (auto& counter : m_counters) {
            const auto value = counter->value();
            right &= value.ok();
            sum += value.ok() ? value.value() : 0;
            right &= objects::destroy(counter.reference()).ok();
        }
        return right && sum == m_counted;
    }

private:
    static constexpr unsigned counters = 240;
    static constexpr uint64_t short_lived_every = 8;

    // One that nobody else knows.
    static Status use_short_lived(Client& client)
    {
        const auto counter = TRY(objects::create<SharedCounterRoot>());
        const auto wanted = static_cast<int64_t>(1 + client.random.below(4));
        for (int64_t i = 0; i < wanted; ++i)
            TRY(counter->increment());
        const int64_t value = TRY(counter->value());
        TRY(objects::destroy(counter.reference()));
        return value == wanted ? Status() : Status(Code::INVALID);
    }

    objects::Ref<Counter> m_counters[counters];
    int64_t m_counted = 0;
};

constinit ManyCounters many_counters;

Status start()
{
    add(many_counters);
    return {};
}

[[gnu::section("init_functions"), gnu::used]] constexpr kernel::InitFunction init{
    kernel::InitStage::Services, "workload.many_counters", start};

}

}
