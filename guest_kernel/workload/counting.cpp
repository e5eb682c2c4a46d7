// Clients that count on one counter, whose value must be the number of their jobs.

#include "kernel/init.h"
#include "objects/lifetime.h"
#include "objects/names.h"
#include "services/counter/partitioned_counter.h"
#include "workload/workload.h"

namespace workload {

namespace {

class Counting final : public Workload {
public:
    const char* name() const override { return "counting"; }

protected:
    Status prepare(const Parameters&) override
    {
        m_counter = objects::Ref<services::Counter>(objects::find_name("counter"));
        if (!m_counter)
            return Code::NOT_FOUND;
        m_before = TRY(m_counter->value());
        return {};
    }
    Status run_job(Client&) override { return m_counter->increment(); }
    bool verify(const Totals& totals) override
    {
        const auto now = m_counter->value();
        return now.ok() && now.value() - m_before == static_cast<int64_t>(totals.operations - totals.errors);
    }

private:
    objects::Ref<services::Counter> m_counter;
    int64_t m_before = 0;
};

constinit Counting counting;

Status start_counting()
{
    auto counter = TRY(objects::create<services::PartitionedCounterRoot>());
    TRY(objects::give_name("counter", counter.reference()));
    add(counting);
    return {};
}

[[gnu::section("init_functions"), gnu::used]] constexpr kernel::InitFunction start{
    kernel::InitStage::Services, "workload.counting", start_counting};

}

}
