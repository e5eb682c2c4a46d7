// The region of section 4.3.1: a range of addresses in parts that are touched side by side.
#pragma once

#include "services/memory/file_cache.h"
#include "services/memory/region.h"
#include "services/memory/whole_state_root.h"

namespace services {

inline constexpr unsigned max_partitions = 16;

// The new interface: all of Region, and what a region in parts has beside.
class PartitionedRegion : public Region {
public:
    static objects::Kind kind;

    virtual kernel::Result<uint64_t> parts() = 0;

    using Methods = objects::MethodList<&Region::open, &Region::close, &Region::address, &Region::pages,
        &Region::handle_fault, &Region::discard, &PartitionedRegion::parts>;

protected:
    ~PartitionedRegion() = default;
};

struct PartitionedRegionState {
    Region::Creation creation;
    // Of each part its own: threads that touch different parts meet neither in a cache's lock nor in its page table.
    objects::Ref<FileCache> caches[max_partitions];
};

inline constexpr objects::Format partitioned_region_format{"region.partitions/1"};

inline namespace v1 {

// Anonymous memory. Creation::partitions says in how many parts, Creation::manager whose pages; the cache is not used.
class RegionPartitioned final : public objects::Rep<PartitionedRegion> {
public:
    static objects::FactoryMadeClass descriptor;

    explicit RegionPartitioned(objects::Root& root) : Rep(root) {}
    RegionPartitioned(objects::Root& root, const Creation& creation) : Rep(root) { m_state.creation = creation; }

    kernel::Status open() override;
    kernel::Status close(kernel::Ticket* ticket) override;
    kernel::Result<uint64_t> address() override { return m_state.creation.address; }
    kernel::Result<uint64_t> pages() override { return m_state.creation.pages; }
    kernel::Status handle_fault(uint64_t address, Access access, kernel::Ticket* ticket) override;
    kernel::Status discard(uint64_t address, uint64_t pages, kernel::Ticket* ticket) override;
    kernel::Result<uint64_t> parts() override { return m_state.creation.partitions; }

    PartitionedRegionState& state() { return m_state; }
    const PartitionedRegionState& state() const { return m_state; }

private:
    // Of all parts but the last, which may be shorter.
    uint64_t part_pages() const;
    kernel::Status open_part(uint64_t part);
    // The page of the region that has the address; FAULT when none has.
    kernel::Result<uint64_t> page_of(uint64_t address) const;

    PartitionedRegionState m_state;
};

using RegionPartitionedRoot
    = WholeStateRoot<RegionPartitioned, PartitionedRegionState, PartitionedRegion, partitioned_region_format>;

}

}
