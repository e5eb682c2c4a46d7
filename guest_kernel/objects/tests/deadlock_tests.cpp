// Callers that a mediator blocks while a call inside waits for them: the swap makes way and comes back.

#include "kernel/clock.h"
#include "kernel/mutex.h"
#include "kernel/test.h"
#include "objects/tests/probe.h"

namespace objects::tests {

namespace {

// A thread inside `outside` which, when told, does something that may wait for others.
struct Visitor {
    Visitor(Ref<Probe> target, void (*deed)(Visitor&)) : probe(target), act(deed) {}

    Ref<Probe> probe;
    void (*act)(Visitor&);
    Ref<Probe> other;
    kernel::Mutex* mutex = nullptr;
    kernel::Event inside;
    kernel::Event go_on;
    Status status = Code::CANCELLED;

    static void body(void* context)
    {
        auto& visitor = *static_cast<Visitor*>(context);
        visitor.status = visitor.probe->visit(visit, context);
    }

private:
    static void visit(void* context)
    {
        auto& visitor = *static_cast<Visitor*>(context);
        visitor.inside.signal();
        visitor.go_on.wait();
        visitor.act(visitor);
    }
};

// Stays counted from its start until it is told to end.
struct Counted {
    kernel::Event entered;
    kernel::Event leave;

    static void body(void* context)
    {
        auto& counted = *static_cast<Counted*>(context);
        counted.entered.signal();
        counted.leave.wait();
    }
};

void wait_until(const uint64_t& value, uint64_t least)
{
    while (__atomic_load_n(&value, __ATOMIC_ACQUIRE) < least)
        kernel::sleep_until(kernel::now_ns() + 10 * kernel::microsecond);
}

void wait_for_rounds(uint64_t rounds)
{
    while (kernel::generations().rounds() < rounds)
        kernel::sleep_until(kernel::now_ns() + 10 * kernel::microsecond);
}

void wait_for_block(HotSwap& swap)
{
    while (swap.phase() != Phase::Block)
        kernel::sleep_until(kernel::now_ns() + 10 * kernel::microsecond);
}

Ref<Probe> make_probe()
{
    CountedScope scope;
    auto probe = create<ProbeRoot<1>>().value();
    EXPECT(probe->version().value() == 1);
    return probe;
}

void destroy_probe(Ref<Probe> probe)
{
    CountedScope scope;
    EXPECT(destroy(probe.reference()).ok());
}

// Returns once the swap's round has started: somebody who is counted holds it up, who enters later does not.
HotSwap* start_held(Ref<Probe> probe, const SwapOptions& options = {})
{
    const uint64_t rounds = kernel::generations().rounds();
    HotSwap* swap = swap_to<2>(probe.reference(), options).value();
    wait_for_rounds(rounds + 1);
    return swap;
}

void finish(HotSwap& swap)
{
    EXPECT(swap.wait().ok());
    swap.release();
}

// Takes the mutex, then calls: the mediator blocks it with the mutex held.
struct MutexHolder {
    Ref<Probe> probe;
    kernel::Mutex mutex;
    uint64_t step = 0;
    uint64_t version = 0;

    explicit MutexHolder(Ref<Probe> target) : probe(target) {}

    static void body(void* context)
    {
        auto& self = *static_cast<MutexHolder*>(context);
        kernel::MutexGuard guard(self.mutex);
        __atomic_store_n(&self.step, 1, __ATOMIC_RELEASE);
        self.version = self.probe->version().value();
    }
};

kernel::Test mutex_cycle{"swap.blocked_caller_with_a_mutex_that_a_call_inside_wants", [] {
    auto probe = make_probe();
    Counted holder;
    Helper holds(Counted::body, &holder);
    holder.entered.wait();
    HotSwap* swap = start_held(probe);
    MutexHolder caller(probe);
    Visitor visitor(probe, [](Visitor& self) { kernel::MutexGuard guard(*self.mutex); });
    visitor.mutex = &caller.mutex;
    Helper visits(Visitor::body, &visitor);
    visitor.inside.wait();
    holder.leave.signal();
    wait_for_block(*swap);
    Helper calls(MutexHolder::body, &caller);
    wait_until(caller.step, 1);
    visitor.go_on.signal();
    calls.join();
    visits.join();
    finish(*swap);
    EXPECT(visitor.status.ok());
    // It went through when the swap was back in forward, or was the first caller of the new object.
    EXPECT(caller.version == 1 || caller.version == 2);
    destroy_probe(probe);
    drain_dead_objects();
}};

struct BlockedCaller {
    explicit BlockedCaller(Ref<Probe> target) : probe(target) {}

    Ref<Probe> probe;
    Helper thread{[](void* self) { EXPECT(static_cast<BlockedCaller*>(self)->probe->version().ok()); }, this};
};

// They have nothing that the visitor wants, and are looked at before the one that has.
kernel::Test behind_a_crowd{"swap.deadlock_behind_a_crowd_of_blocked_callers", [] {
    auto probe = make_probe();
    Counted holder;
    Helper holds(Counted::body, &holder);
    holder.entered.wait();
    HotSwap* swap = start_held(probe);
    MutexHolder caller(probe);
    Visitor visitor(probe, [](Visitor& self) { kernel::MutexGuard guard(*self.mutex); });
    visitor.mutex = &caller.mutex;
    Helper visits(Visitor::body, &visitor);
    visitor.inside.wait();
    holder.leave.signal();
    wait_for_block(*swap);
    kernel::Owned<BlockedCaller> crowd[50];
    for (auto& each : crowd) {
        each = kernel::Owned<BlockedCaller>(kernel::make<BlockedCaller>(kernel::Tag::Test, probe));
        EXPECT(bool(each));
    }
    Helper calls(MutexHolder::body, &caller);
    wait_until(caller.step, 1);
    visitor.go_on.signal();
    for (auto& each : crowd)
        each->thread.join();
    calls.join();
    visits.join();
    finish(*swap);
    destroy_probe(probe);
    drain_dead_objects();
}};

kernel::Test crossed{"swap.two_objects_that_call_each_other", [] {
    auto left = make_probe();
    auto right = make_probe();
    Counted holder;
    Helper holds(Counted::body, &holder);
    holder.entered.wait();
    // The first round waits for the holder; both swaps wait for the round after it, and so block together.
    Counted second;
    const uint64_t waits = kernel::generations().waits();
    HotSwap* decoy = start_held(make_probe());
    HotSwap* swaps[] = {swap_to<2>(left.reference()).value(), swap_to<2>(right.reference()).value()};
    const uint64_t rounds = kernel::generations().rounds();
    // Both leaders wait by now, besides the decoy's.
    while (kernel::generations().waits() < waits + 3)
        kernel::sleep_until(kernel::now_ns() + 10 * kernel::microsecond);
    Helper holds_longer(Counted::body, &second);
    second.entered.wait();
    holder.leave.signal();
    wait_for_rounds(rounds + 1);
    const auto call_other = [](Visitor& self) { EXPECT(self.other->version().ok()); };
    Visitor from_left(left, call_other);
    from_left.other = right;
    Visitor from_right(right, call_other);
    from_right.other = left;
    Helper goes_right(Visitor::body, &from_left);
    Helper goes_left(Visitor::body, &from_right);
    from_left.inside.wait();
    from_right.inside.wait();
    second.leave.signal();
    wait_for_block(*swaps[0]);
    wait_for_block(*swaps[1]);
    from_left.go_on.signal();
    from_right.go_on.signal();
    goes_right.join();
    goes_left.join();
    for (auto* swap : swaps)
        finish(*swap);
    const Reference decoy_reference = decoy->reference();
    finish(*decoy);
    EXPECT(from_left.status.ok() && from_right.status.ok());
    destroy_probe(left);
    destroy_probe(right);
    destroy_probe(Ref<Probe>(decoy_reference));
    drain_dead_objects();
}};

// Calls from a thread of its own and waits for it: no graph of locks shows that.
void ask_a_helper(Visitor& visitor)
{
    Helper helper([](void* context) {
        auto& self = *static_cast<Visitor*>(context);
        EXPECT(self.probe->version().value() == 1);
    }, &visitor);
    helper.join();
}

kernel::Test through_a_helper{"swap.call_inside_that_waits_for_a_helper_ends_by_the_time_limit", [] {
    auto probe = make_probe();
    Counted holder;
    Helper holds(Counted::body, &holder);
    holder.entered.wait();
    SwapOptions options;
    options.time_limit_ns = 3 * kernel::millisecond;
    HotSwap* swap = start_held(probe, options);
    Visitor visitor(probe, ask_a_helper);
    Helper visits(Visitor::body, &visitor);
    visitor.inside.wait();
    holder.leave.signal();
    wait_for_block(*swap);
    visitor.go_on.signal();
    visits.join();
    EXPECT(visitor.status.ok());
    EXPECT(swap->wait().code() == Code::TIMED_OUT);
    swap->release();
    destroy_probe(probe);
    drain_dead_objects();
}};

}

}
