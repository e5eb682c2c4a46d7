// A process whose programs run on many CPUs: each has a representative that finds regions without the others' locks.
#pragma once

#include "kernel/spinlock.h"
#include "objects/partitioned_root.h"
#include "objects/standard_factory.h"
#include "services/process/process_regions.h"

namespace services {

inline namespace v1 {

class ProcessReplicatedRoot;

class ProcessReplicated final : public objects::Rep<Process> {
public:
    using RootType = ProcessReplicatedRoot;
    static objects::FactoryMadeClass descriptor;

    explicit ProcessReplicated(ProcessReplicatedRoot& root);

    kernel::Status attach(objects::Ref<Region> region, uint64_t address, uint64_t pages) override;
    kernel::Status detach(objects::Ref<Region> region) override;
    kernel::Result<objects::LocalEntry*> region_at(uint64_t address) override;
    kernel::Result<objects::LocalEntry*> any_region() override;
    kernel::Status handle_fault(uint64_t address, Access access, kernel::Ticket* ticket) override;
    kernel::Result<objects::LocalEntry*> translation() override;
    kernel::Result<objects::LocalEntry*> manager() override;
    kernel::Result<uint64_t> regions() override;
    kernel::Result<uint64_t> faults() override;

private:
    friend class ProcessReplicatedRoot;

    static constexpr unsigned known_regions = 8;

    ProcessReplicatedRoot& process() const;
    objects::Ref<Region> find(uint64_t address);
    void note(const RegionExtent& extent);
    void forget(objects::Ref<Region> region);

    // Guards what was found before on this CPU. Innermost.
    kernel::SpinLock m_lock;
    RegionExtent m_known[known_regions];
    unsigned m_oldest = 0;
    // Mostly this CPU's; a thread that was moved in the middle of a call adds from elsewhere, hence atomically.
    uint64_t m_faults = 0;
};

class ProcessReplicatedRoot final : public objects::PartitionedRoot<ProcessReplicated> {
public:
    using InterfaceType = Process;

    ProcessReplicatedRoot() = default;
    explicit ProcessReplicatedRoot(const Process::Creation& creation) : m_regions(creation) {}

    objects::FormatList exports() const override { return objects::FormatList::of(process_formats); }
    objects::FormatList imports() const override { return objects::FormatList::of(process_formats); }
    size_t transfer_size(const objects::Format&) const override;
    kernel::Status prepare_import(const objects::Format&, objects::CpuSet cpus) override;
    kernel::Status export_state(
        const objects::Format&, objects::TransferSite site, objects::TransferArena& arena) const override;
    kernel::Status import_state(
        const objects::Format&, objects::TransferSite site, const objects::Parcel& parcel) override;
    void commit_import() override { m_regions.commit_import(); }
    void relinquish() override { m_regions.relinquish(); }

private:
    friend class ProcessReplicated;

    kernel::Status detach(objects::Ref<Region> region);
    uint64_t faults() const;

    ProcessRegions m_regions;
};

}

}
