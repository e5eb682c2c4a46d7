#include "services/process/process_regions.h"

namespace services {

using kernel::MutexGuard;
using kernel::Status;

ProcessRegions::~ProcessRegions()
{
    while (const auto region = m_regions.first())
        m_regions.remove(region).ignore();
}

Status ProcessRegions::add(objects::Ref<Region> region, uint64_t address, uint64_t pages)
{
    MutexGuard guard(m_lock);
    return m_regions.add(address, pages, region);
}

objects::Ref<Region> ProcessRegions::first()
{
    MutexGuard guard(m_lock);
    return m_regions.first();
}

uint64_t ProcessRegions::count()
{
    MutexGuard guard(m_lock);
    return m_regions.count();
}

void ProcessRegions::export_to(ProcessShare& share) const
{
    share.creation = m_creation;
    share.regions = m_regions;
}

void ProcessRegions::import_from(const ProcessShare& share)
{
    m_imported = share;
}

void ProcessRegions::commit_import()
{
    m_creation = m_imported.creation;
    m_regions = m_imported.regions;
    m_imported = {};
}

void ProcessRegions::relinquish()
{
    m_regions = {};
}

}
