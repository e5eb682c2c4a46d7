// A counter with a count per CPU: counting never leaves the CPU, reading visits all of them.
#pragma once

#include "objects/partitioned_root.h"
#include "objects/standard_factory.h"
#include "services/counter/counter.h"

namespace services {

inline namespace v1 {

class PartitionedCounterRoot;

class PartitionedCounter final : public objects::Rep<Counter> {
public:
    using RootType = PartitionedCounterRoot;
    static objects::FactoryMadeClass descriptor;

    explicit PartitionedCounter(PartitionedCounterRoot& root);

    kernel::Status increment() override;
    kernel::Status decrement() override;
    kernel::Result<int64_t> value() override;

private:
    friend class PartitionedCounterRoot;
    // Mostly this CPU's; a thread that was moved in the middle of a call adds from elsewhere, hence atomically.
    int64_t m_count = 0;
};

class PartitionedCounterRoot final : public objects::PartitionedRoot<PartitionedCounter> {
public:
    using InterfaceType = Counter;

    int64_t sum() const;

    objects::FormatList exports() const override { return objects::FormatList::of(counter_formats); }
    objects::FormatList imports() const override { return objects::FormatList::of(counter_formats); }
    size_t transfer_size(const objects::Format&) const override;
    kernel::Status prepare_import(const objects::Format&, objects::CpuSet cpus) override;
    kernel::Status export_state(const objects::Format&, objects::TransferSite site,
        objects::TransferArena& arena) const override;
    kernel::Status import_state(const objects::Format&, objects::TransferSite site, const objects::Parcel& parcel) override;
};

}

}
