// What every process has once, whatever its class.
#pragma once

#include "kernel/mutex.h"
#include "services/memory/region_list.h"
#include "services/process/process.h"

namespace services {

// How processes hand over their state: the first CPU's share has everything, the others' only their faults. The nodes of
// the list stay where they are.
inline constexpr objects::Format process_formats[] = {{"process.regions/1"}};
struct ProcessShare {
    Process::Creation creation;
    RegionList regions;
    uint64_t faults = 0;
};

// The list of regions under its lock, and its way from one object to the next.
class ProcessRegions {
public:
    ProcessRegions() = default;
    explicit ProcessRegions(const Process::Creation& creation) : m_creation(creation) {}
    ~ProcessRegions();
    ProcessRegions(const ProcessRegions&) = delete;
    ProcessRegions& operator=(const ProcessRegions&) = delete;

    const Process::Creation& creation() const { return m_creation; }
    kernel::Status add(objects::Ref<Region> region, uint64_t address, uint64_t pages);
    objects::Ref<Region> first();
    uint64_t count();
    // Calls found(extent) under the lock, when a region has the address.
    template <typename Found>
    void find(uint64_t address, Found found)
    {
        kernel::MutexGuard guard(m_lock);
        const auto extent = m_regions.extent_of(address);
        if (extent.region)
            found(extent);
    }
    // Calls removed() under the lock, when it was there.
    template <typename Removed>
    kernel::Status remove(objects::Ref<Region> region, Removed removed)
    {
        kernel::MutexGuard guard(m_lock);
        TRY(m_regions.remove(region));
        removed();
        return {};
    }

    // The steps of a transfer. Import only notes: until the commit the list belongs to the old object.
    void export_to(ProcessShare& share) const;
    void import_from(const ProcessShare& share);
    void commit_import();
    void relinquish();

private:
    // Guards the list. Held while a node is allocated, and outside the locks of representatives.
    kernel::Mutex m_lock;
    Process::Creation m_creation;
    RegionList m_regions;
    ProcessShare m_imported;
};

}
