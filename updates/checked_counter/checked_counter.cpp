// Version 2 of the kernel's shared counter: at its largest value it refuses to count on instead of wrapping around.

#include "objects/standard_factory.h"
#include "objects/update.h"
#include "services/counter/counter.h"

namespace services {

inline namespace v2 {

class SharedCounterRoot;

class SharedCounter final : public objects::Rep<Counter> {
public:
    static objects::FactoryMadeClass descriptor;

    explicit SharedCounter(objects::Root& root) : Rep(root) {}

    kernel::Status increment() override { return add(1); }
    kernel::Status decrement() override { return add(-1); }
    kernel::Result<int64_t> value() override { return __atomic_load_n(&m_count, __ATOMIC_RELAXED); }

private:
    friend class SharedCounterRoot;

    // REFUSED when the sum is no number of the type. Relaxed: the count orders nothing else.
    kernel::Status add(int64_t amount)
    {
        int64_t count = __atomic_load_n(&m_count, __ATOMIC_RELAXED);
        int64_t sum = 0;
        do {
            if (__builtin_add_overflow(count, amount, &sum))
                return kernel::Code::REFUSED;
        } while (!__atomic_compare_exchange_n(&m_count, &count, sum, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
        return {};
    }

    // Changed by atomic operations from any CPU.
    int64_t m_count = 0;
};

// The format is that of every counter, so the way back to version 1 needs nothing more.
class SharedCounterRoot final : public objects::SharedRoot<SharedCounter> {
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
    kernel::Status import_state(const objects::Format&, objects::TransferSite, const objects::Parcel& parcel) override
    {
        if (const auto* share = parcel.as<CounterShare>())
            __atomic_fetch_add(&m_rep.m_count, share->count, __ATOMIC_RELAXED);
        return {};
    }
};

constinit objects::FactoryMadeClass SharedCounter::descriptor
    = objects::factory_class<SharedCounterRoot>("SharedCounter", "Counter", 2);

}

}

extern "C" kernel::Status module_init()
{
    return objects::update_class(services::SharedCounter::descriptor);
}
