// A counter with one count for all CPUs: cheap to read, contended when many count.
#pragma once

#include "objects/standard_factory.h"
#include "services/counter/counter.h"

namespace services {

inline namespace v1 {

class SharedCounterRoot;

class SharedCounter final : public objects::Rep<Counter> {
public:
    using RootType = SharedCounterRoot;
    static objects::FactoryMadeClass descriptor;

    explicit SharedCounter(objects::Root& root) : Rep(root) {}

    kernel::Status increment() override;
    kernel::Status decrement() override;
    kernel::Result<int64_t> value() override;

private:
    friend class SharedCounterRoot;
    // Changed by atomic addition from any CPU.
    int64_t m_count = 0;
};

class SharedCounterRoot final : public objects::SharedRoot<SharedCounter> {
public:
    using InterfaceType = Counter;

    objects::FormatList exports() const override { return objects::FormatList::of(counter_formats); }
    objects::FormatList imports() const override { return objects::FormatList::of(counter_formats); }
    size_t transfer_size(const objects::Format&) const override;
    kernel::Status export_state(const objects::Format&, objects::TransferSite site,
        objects::TransferArena& arena) const override;
    kernel::Status import_state(const objects::Format&, objects::TransferSite site, const objects::Parcel& parcel) override;
};

}

}
