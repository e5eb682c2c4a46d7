#include "services/process/process_replicated.h"

#include "objects/standard_class.h"
#include "services/memory/region.h"

namespace services {

using kernel::Code;
using kernel::Result;
using kernel::SpinGuard;
using kernel::Status;
using objects::Ref;

inline namespace v1 {

constinit objects::FactoryMadeClass ProcessReplicated::descriptor
    = objects::factory_class<ProcessReplicatedRoot>("ProcessReplicated", "Process", 1);

ProcessReplicated::ProcessReplicated(ProcessReplicatedRoot& root) : Rep(root) {}

ProcessReplicatedRoot& ProcessReplicated::process() const
{
    return static_cast<ProcessReplicatedRoot&>(root());
}

Status ProcessReplicated::attach(Ref<Region> region, uint64_t address, uint64_t pages)
{
    return process().m_regions.add(region, address, pages);
}

Status ProcessReplicated::detach(Ref<Region> region)
{
    return process().detach(region);
}

Result<objects::LocalEntry*> ProcessReplicated::region_at(uint64_t address)
{
    const auto region = find(address);
    if (!region)
        return Code::NOT_FOUND;
    return region.reference();
}

Result<objects::LocalEntry*> ProcessReplicated::any_region()
{
    const auto region = process().m_regions.first();
    if (!region)
        return Code::NOT_FOUND;
    return region.reference();
}

Status ProcessReplicated::handle_fault(uint64_t address, Access access, kernel::Ticket* ticket)
{
    const auto region = find(address);
    if (!region)
        return Code::FAULT;
    TRY(region->handle_fault(address, access, ticket));
    // Relaxed: the count orders nothing else.
    __atomic_fetch_add(&m_faults, 1, __ATOMIC_RELAXED);
    return {};
}

Result<objects::LocalEntry*> ProcessReplicated::translation()
{
    return process().m_regions.creation().translation.reference();
}

Result<objects::LocalEntry*> ProcessReplicated::manager()
{
    return process().m_regions.creation().manager.reference();
}

Result<uint64_t> ProcessReplicated::regions()
{
    return process().m_regions.count();
}

Result<uint64_t> ProcessReplicated::faults()
{
    return process().faults();
}

// What was found is noted under the list's lock: a region that is detached is forgotten after that, not before.
Ref<Region> ProcessReplicated::find(uint64_t address)
{
    {
        SpinGuard guard(m_lock);
        for (const auto& known : m_known) {
            if (known.has(address))
                return known.region;
        }
    }
    Ref<Region> region;
    process().m_regions.find(address, [&](const RegionExtent& found) {
        region = found.region;
        note(found);
    });
    return region;
}

void ProcessReplicated::note(const RegionExtent& extent)
{
    SpinGuard guard(m_lock);
    m_known[m_oldest] = extent;
    m_oldest = (m_oldest + 1) % known_regions;
}

void ProcessReplicated::forget(Ref<Region> region)
{
    SpinGuard guard(m_lock);
    for (auto& known : m_known) {
        if (known.region.reference() == region.reference())
            known = {};
    }
}

Status ProcessReplicatedRoot::detach(Ref<Region> region)
{
    return m_regions.remove(region, [this, region] {
        for (unsigned cpu = 0; cpu < abi::MAX_CPUS; ++cpu) {
            if (auto* rep = typed_rep(cpu))
                rep->forget(region);
        }
    });
}

uint64_t ProcessReplicatedRoot::faults() const
{
    uint64_t sum = 0;
    for (unsigned cpu = 0; cpu < abi::MAX_CPUS; ++cpu) {
        if (const auto* rep = typed_rep(cpu))
            sum += __atomic_load_n(&rep->m_faults, __ATOMIC_RELAXED);
    }
    return sum;
}

size_t ProcessReplicatedRoot::transfer_size(const objects::Format&) const
{
    return objects::parcel_size<ProcessShare>(abi::MAX_CPUS);
}

Status ProcessReplicatedRoot::prepare_import(const objects::Format&, objects::CpuSet cpus)
{
    for (unsigned cpu = 0; cpu < abi::MAX_CPUS; ++cpu) {
        if ((cpus >> cpu) & 1)
            TRY(make_rep(cpu));
    }
    return {};
}

Status ProcessReplicatedRoot::export_state(
    const objects::Format&, objects::TransferSite site, objects::TransferArena& arena) const
{
    auto& share = *TRY(arena.place<ProcessShare>(site.cpu));
    share = {};
    if (site.first())
        m_regions.export_to(share);
    if (const auto* rep = typed_rep(site.cpu))
        share.faults = rep->m_faults;
    return {};
}

Status ProcessReplicatedRoot::import_state(
    const objects::Format&, objects::TransferSite site, const objects::Parcel& parcel)
{
    const auto* share = parcel.as<ProcessShare>();
    if (share == nullptr)
        return {};
    if (site.first())
        m_regions.import_from(*share);
    typed_rep(site.cpu)->m_faults = share->faults;
    return {};
}

static const objects::ClassRegistration registration(ProcessReplicated::descriptor);

}

}
