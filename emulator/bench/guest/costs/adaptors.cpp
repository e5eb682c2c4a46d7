// Calls of an object that does nothing, with nothing or something in front of it.

#include "calls.h"
#include "kernel/generation.h"
#include "kernel/command.h"
#include "objects/adaptation.h"
#include "objects/adaptors.h"
#include "objects/lifetime.h"

namespace bench {

namespace {

using kernel::Status;
using objects::Ref;
using objects::Reference;

template <typename Interface, typename RepType>
class RootOf final : public objects::SharedRoot<RepType> {
public:
    using InterfaceType = Interface;
};

class Renumbered final : public objects::Rep<RenumberedThing> {
public:
    using RootType = RootOf<RenumberedThing, Renumbered>;
    static objects::ClassDescriptor descriptor;

    explicit Renumbered(objects::Root& root) : Rep(root) {}
    Status added() override { return {}; }
    Status nothing(uint64_t) override { return {}; }
};

class Widened final : public objects::Rep<WidenedThing> {
public:
    using RootType = RootOf<WidenedThing, Widened>;
    static objects::ClassDescriptor descriptor;

    explicit Widened(objects::Root& root) : Rep(root) {}
    Status nothing(uint64_t, uint64_t) override { return {}; }
};

constinit objects::ClassDescriptor Renumbered::descriptor
    = objects::standard_class<Renumbered::RootType>("bench.Renumbered", "bench.RenumberedThing", 1);
constinit objects::ClassDescriptor Widened::descriptor
    = objects::standard_class<Widened::RootType>("bench.Widened", "bench.WidenedThing", 1);

const objects::ClassRegistration renumbered(Renumbered::descriptor);
const objects::ClassRegistration widened(Widened::descriptor);

// Keeps the sum of what came by.
class Summing final : public objects::Adaptor {
public:
    using Adaptor::Adaptor;
    Status nothing(uint64_t value)
    {
        // Relaxed: the sum orders nothing else.
        __atomic_fetch_add(&m_sum, value, __ATOMIC_RELAXED);
        return Ref<RenumberedThing>(next())->nothing(value);
    }

private:
    // Added to by callers on all CPUs.
    uint64_t m_sum = 0;
};

using Renumber = objects::Adaptation<Thing, RenumberedThing>;
using Widen = objects::Adaptation<Thing, WidenedThing,
    objects::ChangedArguments<&Thing::nothing, &WidenedThing::nothing, objects::Argument<0>, objects::Value<uint64_t{1}>>>;
using Sum = objects::Adaptation<Thing, RenumberedThing, objects::Handled<&Thing::nothing, &Summing::nothing>>;

const Renumber renumber;
const Widen widen;
const Sum sum;

const objects::AdaptorPlan renumbering{&renumber, objects::make_adaptor<objects::Adaptor>, nullptr, 0};
const objects::AdaptorPlan widening{&widen, objects::make_adaptor<objects::Adaptor>, nullptr, 0};
const objects::AdaptorPlan summing{&sum, objects::make_adaptor<Summing>, nullptr, 0};

// Lets every call through, and does nothing when it returns, if it is told of that at all.
class IdleArbiter final : public objects::Interposer {
public:
    IdleArbiter(Reference reference, bool sees_returns)
        : Interposer(reference, objects::Rank::Arbiter), m_sees_returns(sees_returns)
    {
    }

    objects::Route enter(const objects::CallSite& site) override
    {
        return {objects::table().resolve_behind(*this), m_sees_returns && site.can_track, 0};
    }
    void leave(const objects::CallRecord&) override {}
    const char* kind() const override { return "arbiter"; }

private:
    const bool m_sees_returns;
};

// The first call fills the entry; those that are measured find it filled.
Status measure_calls_of(const char* name, Ref<Thing> thing, uint64_t times)
{
    TRY(thing->nothing(0));
    put_off_timer();
    measure(name, bench_object_calls, static_cast<const Ref<Thing>*>(&thing), times);
    return {};
}

Status measure_behind_arbiter(const char* name, Ref<Thing> thing, bool sees_returns, uint64_t times)
{
    IdleArbiter arbiter(thing.reference(), sees_returns);
    TRY(objects::table().interpose(arbiter));
    const Status status = measure_calls_of(name, thing, times);
    // No other thread has called, and this one is outside.
    objects::table().remove(arbiter);
    return status;
}

// Nothing of an adaptor's coming and going is left to be done when this returns.
void settle()
{
    kernel::leave_generation();
    objects::adaptors().settle();
    kernel::enter_generation();
}

// `adapt` puts the adaptor there.
template <typename RootType, typename Adapt>
Status measure_behind_adaptor(const char* name, uint64_t times, Adapt adapt)
{
    const Reference reference = TRY(objects::create<RootType>()).reference();
    TRY(adapt(reference));
    settle();
    TRY(measure_calls_of(name, Ref<Thing>(reference), times));
    TRY(objects::destroy(reference));
    settle();
    return {};
}

Status measure_adaptors(uint64_t times)
{
    const auto thing = TRY(objects::create<ThingRoot>());
    TRY(measure_calls_of("direct", thing, times));
    TRY(measure_behind_arbiter("arbiter", thing, false, times));
    TRY(measure_behind_arbiter("arbiter_both_ways", thing, true, times));
    TRY(objects::destroy(thing.reference()));

    auto& all = objects::adaptors();
    TRY(measure_behind_adaptor<ThingRoot>("null", times, [&](Reference any) { return all.adapt_null(any); }));
    TRY(measure_behind_adaptor<Renumbered::RootType>(
        "renumbering", times, [&](Reference any) { return all.adapt(any, renumbering); }));
    TRY(measure_behind_adaptor<Widened::RootType>(
        "widening", times, [&](Reference any) { return all.adapt(any, widening); }));
    return measure_behind_adaptor<Renumbered::RootType>(
        "summing", times, [&](Reference any) { return all.adapt(any, summing); });
}

const kernel::Command command{"bench-adaptors", "measures calls through adaptors", [](const char* words) -> Status {
    return run_undisturbed(measure_adaptors, TRY(times_in(words)));
}};

}

}
