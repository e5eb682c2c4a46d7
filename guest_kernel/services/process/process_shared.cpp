#include "services/process/process_shared.h"

#include "objects/standard_class.h"
#include "services/memory/region.h"

namespace services {

using kernel::Code;
using kernel::Result;
using kernel::Status;

inline namespace v1 {

constinit objects::FactoryMadeClass ProcessShared::descriptor
    = objects::factory_class<ProcessSharedRoot>("ProcessShared", "Process", 1);

Status ProcessShared::attach(objects::Ref<Region> region, uint64_t address, uint64_t pages)
{
    return m_regions.add(region, address, pages);
}

Status ProcessShared::detach(objects::Ref<Region> region)
{
    return m_regions.remove(region, [] {});
}

Result<objects::LocalEntry*> ProcessShared::region_at(uint64_t address)
{
    const auto region = find(address);
    if (!region)
        return Code::NOT_FOUND;
    return region.reference();
}

Result<objects::LocalEntry*> ProcessShared::any_region()
{
    const auto region = m_regions.first();
    if (!region)
        return Code::NOT_FOUND;
    return region.reference();
}

Status ProcessShared::handle_fault(uint64_t address, Access access, kernel::Ticket* ticket)
{
    const auto region = find(address);
    if (!region)
        return Code::FAULT;
    TRY(region->handle_fault(address, access, ticket));
    // Relaxed: the count orders nothing else.
    __atomic_fetch_add(&m_faults, 1, __ATOMIC_RELAXED);
    return {};
}

objects::Ref<Region> ProcessShared::find(uint64_t address)
{
    objects::Ref<Region> region;
    m_regions.find(address, [&](const RegionExtent& found) { region = found.region; });
    return region;
}

Result<objects::LocalEntry*> ProcessShared::translation()
{
    return m_regions.creation().translation.reference();
}

Result<objects::LocalEntry*> ProcessShared::manager()
{
    return m_regions.creation().manager.reference();
}

Result<uint64_t> ProcessShared::regions()
{
    return m_regions.count();
}

Result<uint64_t> ProcessShared::faults()
{
    return __atomic_load_n(&m_faults, __ATOMIC_RELAXED);
}

static const objects::ClassRegistration registration(ProcessShared::descriptor);

}

}
