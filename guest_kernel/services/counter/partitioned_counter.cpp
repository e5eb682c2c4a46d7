#include "services/counter/partitioned_counter.h"

#include "objects/standard_class.h"

namespace services {

inline namespace v1 {

constinit objects::FactoryMadeClass PartitionedCounter::descriptor
    = objects::factory_class<PartitionedCounterRoot>("PartitionedCounter", "Counter", 1);

PartitionedCounter::PartitionedCounter(PartitionedCounterRoot& root) : Rep(root)
{
}

kernel::Status PartitionedCounter::increment()
{
    __atomic_fetch_add(&m_count, 1, __ATOMIC_RELAXED);
    return {};
}

kernel::Status PartitionedCounter::decrement()
{
    __atomic_fetch_sub(&m_count, 1, __ATOMIC_RELAXED);
    return {};
}

kernel::Result<int64_t> PartitionedCounter::value()
{
    return static_cast<PartitionedCounterRoot&>(root()).sum();
}

int64_t PartitionedCounterRoot::sum() const
{
    int64_t sum = 0;
    for (unsigned cpu = 0; cpu < abi::MAX_CPUS; ++cpu) {
        if (const auto* rep = typed_rep(cpu))
            sum += __atomic_load_n(&rep->m_count, __ATOMIC_RELAXED);
    }
    return sum;
}

size_t PartitionedCounterRoot::transfer_size(const objects::Format&) const
{
    return objects::parcel_size<CounterShare>(abi::MAX_CPUS);
}

kernel::Status PartitionedCounterRoot::prepare_import(const objects::Format&, objects::CpuSet cpus)
{
    for (unsigned cpu = 0; cpu < abi::MAX_CPUS; ++cpu) {
        if ((cpus >> cpu) & 1)
            TRY(make_rep(cpu));
    }
    return {};
}

kernel::Status PartitionedCounterRoot::export_state(
    const objects::Format&, objects::TransferSite site, objects::TransferArena& arena) const
{
    if (const auto* rep = typed_rep(site.cpu))
        *TRY(arena.place<CounterShare>(site.cpu)) = {rep->m_count};
    return {};
}

kernel::Status PartitionedCounterRoot::import_state(
    const objects::Format&, objects::TransferSite site, const objects::Parcel& parcel)
{
    if (const auto* share = parcel.as<CounterShare>())
        typed_rep(site.cpu)->m_count = share->count;
    return {};
}

static const objects::ClassRegistration registration(PartitionedCounter::descriptor);

}

}
