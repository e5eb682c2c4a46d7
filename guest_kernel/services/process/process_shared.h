// A process whose programs run on one CPU: one representative for all.
#pragma once

#include "objects/standard_factory.h"
#include "services/process/process_regions.h"

namespace services {

inline namespace v1 {

class ProcessShared : public objects::Rep<Process> {
public:
    static objects::FactoryMadeClass descriptor;

    explicit ProcessShared(objects::Root& root) : Rep(root) {}
    ProcessShared(objects::Root& root, const Creation& creation) : Rep(root), m_regions(creation) {}

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
    template <typename RepType>
    friend class ProcessSharedRootOf;

    objects::Ref<Region> find(uint64_t address);

    ProcessRegions m_regions;
    // Changed by atomic addition from any CPU.
    uint64_t m_faults = 0;
};

// The root of this class and of those that inherit from it: all of them hand over the same.
template <typename RepType>
class ProcessSharedRootOf final : public objects::SharedRoot<RepType> {
public:
    using InterfaceType = Process;

    ProcessSharedRootOf() = default;
    explicit ProcessSharedRootOf(const Process::Creation& creation) : objects::SharedRoot<RepType>(creation) {}

    objects::FormatList exports() const override { return objects::FormatList::of(process_formats); }
    objects::FormatList imports() const override { return objects::FormatList::of(process_formats); }
    size_t transfer_size(const objects::Format&) const override { return objects::parcel_size<ProcessShare>(1); }
    kernel::Status export_state(
        const objects::Format&, objects::TransferSite site, objects::TransferArena& arena) const override
    {
        if (!site.first())
            return {};
        auto& share = *TRY(arena.place<ProcessShare>(site.cpu));
        this->m_rep.m_regions.export_to(share);
        share.faults = this->m_rep.m_faults;
        return {};
    }
    // Runs on several CPUs side by side.
    kernel::Status import_state(const objects::Format&, objects::TransferSite site, const objects::Parcel& parcel) override
    {
        const auto* share = parcel.as<ProcessShare>();
        if (share == nullptr)
            return {};
        if (site.first())
            this->m_rep.m_regions.import_from(*share);
        __atomic_fetch_add(&this->m_rep.m_faults, share->faults, __ATOMIC_RELAXED);
        return {};
    }
    void commit_import() override { this->m_rep.m_regions.commit_import(); }
    void relinquish() override { this->m_rep.m_regions.relinquish(); }
};

using ProcessSharedRoot = ProcessSharedRootOf<ProcessShared>;

}

}
