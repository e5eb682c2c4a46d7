#include "services/counter/shared_counter.h"

#include "objects/standard_class.h"

namespace services {

inline namespace v1 {

constinit objects::FactoryMadeClass SharedCounter::descriptor
    = objects::factory_class<SharedCounterRoot>("SharedCounter", "Counter", 1);

kernel::Status SharedCounter::increment()
{
    // Relaxed: the count orders nothing else.
    __atomic_fetch_add(&m_count, 1, __ATOMIC_RELAXED);
    return {};
}

kernel::Status SharedCounter::decrement()
{
    __atomic_fetch_sub(&m_count, 1, __ATOMIC_RELAXED);
    return {};
}

kernel::Result<int64_t> SharedCounter::value()
{
    return __atomic_load_n(&m_count, __ATOMIC_RELAXED);
}

size_t SharedCounterRoot::transfer_size(const objects::Format&) const
{
    return objects::parcel_size<CounterShare>(1);
}

kernel::Status SharedCounterRoot::export_state(
    const objects::Format&, objects::TransferSite site, objects::TransferArena& arena) const
{
    if (site.first())
        *TRY(arena.place<CounterShare>(site.cpu)) = {m_rep.m_count};
    return {};
}

kernel::Status SharedCounterRoot::import_state(
    const objects::Format&, objects::TransferSite, const objects::Parcel& parcel)
{
    if (const auto* share = parcel.as<CounterShare>())
        __atomic_fetch_add(&m_rep.m_count, share->count, __ATOMIC_RELAXED);
    return {};
}

static const objects::ClassRegistration registration(SharedCounter::descriptor);

}

}
