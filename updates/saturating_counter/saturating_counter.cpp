// Replaces the kernel's counter while clients count on it.

#include "objects/standard_class.h"
#include "objects/update.h"
#include "services/counter/counter.h"

namespace services {

inline namespace v1 {

class SaturatingCounterRoot;

// One count for all CPUs that is never less than zero.
class SaturatingCounter final : public objects::Rep<Counter> {
public:
    static objects::ClassDescriptor descriptor;

    explicit SaturatingCounter(objects::Root& root) : Rep(root) {}

    kernel::Status increment() override
    {
        // Relaxed: the count orders nothing else.
        __atomic_fetch_add(&m_count, 1, __ATOMIC_RELAXED);
        return {};
    }
    // REFUSED at zero.
    kernel::Status decrement() override
    {
        int64_t count = __atomic_load_n(&m_count, __ATOMIC_RELAXED);
        do {
            if (count == 0)
                return kernel::Code::REFUSED;
        } while (!__atomic_compare_exchange_n(&m_count, &count, count - 1, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
        return {};
    }
    kernel::Result<int64_t> value() override { return __atomic_load_n(&m_count, __ATOMIC_RELAXED); }

private:
    friend class SaturatingCounterRoot;
    // Changed by atomic operations from any CPU.
    int64_t m_count = 0;
};

// Takes over what any other counter hands out, and hands the count on in the same format.
class SaturatingCounterRoot final : public objects::SharedRoot<SaturatingCounter> {
public:
    using InterfaceType = Counter;

    objects::FormatList exports() const override { return objects::FormatList::of(counter_formats); }
    objects::FormatList imports() const override { return objects::FormatList::of(counter_formats); }
    size_t transfer_size(const objects::Format&) const override { return objects::parcel_size<CounterShare>(1); }

    kernel::Status export_state(
        const objects::Format&, objects::TransferSite site, objects::TransferArena& arena) const override
    {
        if (site.first())
            *TRY(arena.place<CounterShare>(site.cpu)) = {m_rep.m_count};
        return {};
    }
    // Runs on every CPU that has a share, side by side.
    kernel::Status import_state(const objects::Format&, objects::TransferSite, const objects::Parcel& parcel) override
    {
        if (const auto* share = parcel.as<CounterShare>())
            __atomic_fetch_add(&m_rep.m_count, share->count, __ATOMIC_RELAXED);
        return {};
    }
};

constinit objects::ClassDescriptor SaturatingCounter::descriptor
    = objects::standard_class<SaturatingCounterRoot>("SaturatingCounter", "Counter", 1);

static const objects::ClassRegistration registration(SaturatingCounter::descriptor);

}

}

extern "C" kernel::Status module_init()
{
    return objects::replace("counter", services::SaturatingCounter::descriptor);
}
