// Replaces the kernel's counter by one that can be traced, and brings what belongs to it: a command and tests.

#include "kernel/command.h"
#include "kernel/print.h"
#include "kernel/test.h"
#include "kernel/trace.h"
#include "objects/counted_scope.h"
#include "objects/lifetime.h"
#include "objects/names.h"
#include "objects/standard_class.h"
#include "objects/update.h"
#include "services/counter/counter.h"

namespace services {

inline namespace v1 {

namespace {

// (the count, as it is then)
kernel::TracePoint incremented_point{"counter.incremented"};
kernel::TracePoint decremented_point{"counter.decremented"};

}

class TracedCounterRoot;

// One count for all CPUs.
class TracedCounter final : public objects::Rep<Counter> {
public:
    static objects::ClassDescriptor descriptor;

    explicit TracedCounter(objects::Root& root) : Rep(root) {}

    kernel::Status increment() override
    {
        // Relaxed: the count orders nothing else.
        incremented_point.note(static_cast<uint64_t>(__atomic_add_fetch(&m_count, 1, __ATOMIC_RELAXED)));
        return {};
    }
    kernel::Status decrement() override
    {
        decremented_point.note(static_cast<uint64_t>(__atomic_sub_fetch(&m_count, 1, __ATOMIC_RELAXED)));
        return {};
    }
    kernel::Result<int64_t> value() override { return __atomic_load_n(&m_count, __ATOMIC_RELAXED); }

private:
    friend class TracedCounterRoot;
    // Changed by atomic operations from any CPU.
    int64_t m_count = 0;
};

class TracedCounterRoot final : public objects::SharedRoot<TracedCounter> {
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

constinit objects::ClassDescriptor TracedCounter::descriptor
    = objects::standard_class<TracedCounterRoot>("TracedCounter", "Counter", 1);

namespace {

const objects::ClassRegistration registration(TracedCounter::descriptor);

const kernel::Command command{"counter", "the value of the kernel's counter", [](const char*) -> kernel::Status {
    objects::CountedScope scope;
    const objects::Ref<Counter> counter(objects::find_name("counter"));
    if (!counter)
        return kernel::Code::NOT_FOUND;
    kernel::print("counter: %ld", TRY(counter->value()));
    return {};
}};

const kernel::Test counts{"traced_counter.counts_up_and_down", [] {
    {
        objects::CountedScope scope;
        const auto counter = objects::create<TracedCounterRoot>();
        EXPECT(counter.ok());
        if (!counter.ok())
            return;
        EXPECT(counter.value()->increment().ok() && counter.value()->increment().ok());
        EXPECT(counter.value()->decrement().ok() && counter.value()->value().value() == 1);
        EXPECT(objects::destroy(counter.value().reference()).ok());
    }
    // An object of the module's class would keep the module.
    objects::drain_dead_objects();
}};

const kernel::Test named{"traced_counter.is_the_kernels_counter", [] {
    objects::CountedScope scope;
    const objects::Ref<Counter> counter(objects::find_name("counter"));
    const auto class_of = counter->class_of();
    EXPECT(class_of.ok() && class_of.value() == &TracedCounter::descriptor);
}};

}

}

}

extern "C" kernel::Status module_init()
{
    return objects::replace("counter", services::TracedCounter::descriptor);
}
