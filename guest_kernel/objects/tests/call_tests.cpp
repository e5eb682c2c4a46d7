// Calls through references: misses, interposition, refusals.

#include "kernel/test.h"
#include "objects/counted_scope.h"
#include "objects/counting_arbiter.h"
#include "objects/tests/probe.h"
#include "objects/tracked_returns.h"

namespace objects::tests {

namespace {

constexpr unsigned fold_method = 3;
constexpr unsigned descend_method = 4;

Ref<Probe> make_probe()
{
    auto probe = create<ProbeRoot<1>>();
    EXPECT(probe.ok());
    return probe.value();
}

bool folds_right(Ref<Probe> probe)
{
    const Pair pair = probe->fold(1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
    return pair.low == 1 + 4 + 9 + 16 + 25 && pair.high == 6 + 14 + 24 + 45 + 70;
}

kernel::Test miss_then_direct{"objects.first_call_fills_the_entry", counted<[] {
    auto probe = make_probe();
    const auto* stubs_address = reinterpret_cast<Object*>(&probe.reference()->stubs);
    EXPECT(probe.reference()->object == stubs_address);
    EXPECT(folds_right(probe));
    EXPECT(probe.reference()->object != stubs_address);
    EXPECT(folds_right(probe));
    EXPECT(probe->calls().value() == 2);
    EXPECT(destroy(probe.reference()).ok());
}>};

kernel::Test class_slot{"objects.every_object_tells_class_and_reference", counted<[] {
    auto probe = make_probe();
    EXPECT(probe->class_of().value() == &ProbeRep<1>::descriptor);
    EXPECT(probe->canonical().value() == probe.reference());
    EXPECT(destroy(probe.reference()).ok());
}>};

kernel::Test destroyed{"objects.call_on_a_destroyed_object_is_refused", counted<[] {
    auto probe = make_probe();
    EXPECT(probe->calls().ok());
    EXPECT(destroy(probe.reference()).ok());
    EXPECT(probe->calls().code() == Code::GONE);
    EXPECT(destroy(probe.reference()).code() == Code::GONE);
}>};

kernel::Test reuse{"objects.entry_is_reused_only_after_a_generation", counted<[] {
    {
        // The entry freed last is used first.
        UncountedScope uncounted;
        drain_dead_objects();
    }
    auto first = make_probe();
    const auto old_name = table().name(first.reference());
    EXPECT(destroy(first.reference()).ok());
    auto second = make_probe();
    // This thread is counted since before the destruction.
    EXPECT(second.reference() != first.reference());
    {
        UncountedScope uncounted;
        drain_dead_objects();
    }
    auto third = make_probe();
    EXPECT(third.reference() == first.reference());
    EXPECT(table().find(old_name) == nullptr);
    EXPECT(third->calls().value() == 0);
    EXPECT(destroy(second.reference()).ok());
    EXPECT(destroy(third.reference()).ok());
}>};

kernel::Test another_root{"objects.interposer_for_a_root_that_was_replaced_is_refused", counted<[] {
    auto probe = make_probe();
    EXPECT(probe->calls().ok());
    const Root* first = table().root(probe.reference());
    EXPECT(swap_and_wait<2>(probe.reference()).ok());
    CountingArbiter arbiter(probe.reference());
    EXPECT(table().interpose(arbiter, first).code() == Code::BUSY);
    EXPECT(table().innermost(probe.reference()) == nullptr);
    EXPECT(destroy(probe.reference()).ok());
}>};

kernel::Test no_memory{"objects.creation_without_memory_leaves_nothing", counted<[] {
    for (uint64_t n = 1;; ++n) {
        kernel::FailAllocation fail(n);
        auto probe = create<ProbeRoot<1>>();
        if (!fail.happened()) {
            EXPECT(probe.ok());
            EXPECT(destroy(probe.value().reference()).ok());
            break;
        }
        EXPECT(probe.code() == Code::NO_MEMORY);
    }
}>};

kernel::Test counting{"arbiter.counts_calls_and_instructions", counted<[] {
    auto probe = make_probe();
    EXPECT(folds_right(probe));
    auto arbiter = CountingArbiter::attach(probe.reference());
    EXPECT(arbiter.ok());
    EXPECT(CountingArbiter::attach(probe.reference()).code() == Code::BUSY);
    for (int i = 0; i < 10; ++i)
        EXPECT(folds_right(probe));
    const auto counts = arbiter.value()->counts(fold_method);
    EXPECT(counts.calls == 10);
    EXPECT(counts.instructions > 10 * 20 && counts.instructions < 10 * 1000);
    EXPECT(arbiter.value()->counts(descend_method).calls == 0);
    {
        UncountedScope uncounted;
        CountingArbiter::detach(arbiter.value());
    }
    EXPECT(folds_right(probe));
    EXPECT(probe->calls().value() == 12);
    EXPECT(destroy(probe.reference()).ok());
}>};

kernel::Test nested{"arbiter.nested_calls_return_to_their_callers", counted<[] {
    auto outer = make_probe();
    auto inner = make_probe();
    auto first = CountingArbiter::attach(outer.reference());
    auto second = CountingArbiter::attach(inner.reference());
    EXPECT(outer->descend(inner, outer, 9).value() == 9);
    EXPECT(first.value()->counts(descend_method).calls == 5);
    EXPECT(second.value()->counts(descend_method).calls == 4);
    EXPECT(kernel::current_thread()->call_records.depth() == 0);
    UncountedScope uncounted;
    CountingArbiter::detach(first.value());
    CountingArbiter::detach(second.value());
    CountedScope again;
    EXPECT(destroy(outer.reference()).ok());
    EXPECT(destroy(inner.reference()).ok());
}>};

kernel::Test deep{"arbiter.recursion_deeper_than_the_records_goes_through_uncounted", counted<[] {
    auto probe = make_probe();
    auto arbiter = CountingArbiter::attach(probe.reference());
    const uint64_t depth = RecordStack::capacity + 8;
    EXPECT(probe->descend(probe, probe, depth).value() == depth);
    EXPECT(arbiter.value()->counts(descend_method).calls == depth);
    {
        UncountedScope uncounted;
        CountingArbiter::detach(arbiter.value());
    }
    EXPECT(destroy(probe.reference()).ok());
}>};

struct Trace {
    Ref<Probe> inner;
    arch::CodeAddress addresses[16];
    size_t count = 0;

    static void take(void* context)
    {
        auto& trace = *static_cast<Trace*>(context);
        static constinit TrackedReturns tracked;
        trace.count = arch::unwind_here(trace.addresses, 16, &tracked);
    }
    static void take_inside(void* context)
    {
        EXPECT(static_cast<Trace*>(context)->inner->visit(take, context).ok());
    }
};

[[gnu::noinline]] void trace_nested_calls(Ref<Probe> outer, Trace& trace)
{
    EXPECT(outer->visit(Trace::take_inside, &trace).ok());
}

kernel::Test unwinder{"arbiter.unwinder_sees_through_tracked_calls", counted<[] {
    auto outer = make_probe();
    Trace trace{make_probe(), {}, 0};
    EXPECT(outer->calls().ok() && trace.inner->calls().ok());
    trace_nested_calls(outer, trace);
    Trace tracked = trace;
    auto first = CountingArbiter::attach(outer.reference());
    auto second = CountingArbiter::attach(trace.inner.reference());
    trace_nested_calls(outer, tracked);
    EXPECT(trace.count > 6 && tracked.count == trace.count);
    unsigned different = 0;
    for (size_t i = 0; i < trace.count; ++i)
        different += trace.addresses[i].address != tracked.addresses[i].address;
    // This function, which calls at two places.
    EXPECT(different == 1);
    {
        UncountedScope uncounted;
        CountingArbiter::detach(first.value());
        CountingArbiter::detach(second.value());
    }
    EXPECT(destroy(outer.reference()).ok());
    EXPECT(destroy(trace.inner.reference()).ok());
}>};

}

}
