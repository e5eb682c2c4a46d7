// Threads that are inside an object when a swap comes: what they wait for, and where they go from there.

#include "kernel/mutex.h"
#include "kernel/test.h"
#include "objects/counting_arbiter.h"
#include "objects/tests/elder.h"
#include "objects/tests/visitor.h"

namespace objects::tests {

namespace {

// One that was called before, so that a swap waits for a generation.
Ref<Probe> make_probe()
{
    CountedScope scope;
    auto probe = create<ProbeRoot<1>>();
    EXPECT(probe.ok() && probe.value()->version().ok());
    return probe.value();
}

HotSwap* start_swap(Ref<Probe> probe)
{
    CountedScope scope;
    auto swap = swap_to<2>(probe.reference());
    EXPECT(swap.ok());
    return swap.value();
}

void destroy_now(Ref<Probe> probe)
{
    {
        CountedScope scope;
        EXPECT(destroy(probe.reference()).ok());
    }
    drain_dead_objects();
}

void expect_swapped(HotSwap* swap, Ref<Probe> probe)
{
    EXPECT(swap->wait().ok());
    swap->release();
    {
        CountedScope scope;
        EXPECT(probe->version().value() == 2);
    }
    destroy_now(probe);
}

void wait_for_block(const HotSwap* swap)
{
    kernel::wait_until([swap] { return swap->phase() == Phase::Block; });
}

kernel::Test recursion{"inside.recursion_through_another_object_goes_through", [] {
    auto probe = make_probe();
    auto other = make_probe();
    Elder elder;
    HotSwap* swap = start_swap(probe);
    elder.passed_by();
    Visitor visitor(probe, [=] { EXPECT(other->descend(probe, other, 2).value() == 2); });
    elder.leave();
    wait_for_block(swap);
    visitor.go_on();
    visitor.join();
    EXPECT(swap->wait().ok());
    // It went through, and was not let through as a deadlock.
    EXPECT(swap->counts().blocked == 0);
    expect_swapped(swap, probe);
    destroy_now(other);
}};

kernel::Test waiting{"inside.call_that_merely_waits_is_waited_for", [] {
    auto probe = make_probe();
    Elder elder;
    HotSwap* swap = start_swap(probe);
    elder.passed_by();
    Visitor visitor(probe, [] {});
    elder.leave();
    wait_for_block(swap);
    // Several looks for a deadlock find none, and the phase stays.
    kernel::sleep_until(kernel::now_ns() + 5 * kernel::millisecond);
    EXPECT(swap->phase() == Phase::Block);
    visitor.go_on();
    visitor.join();
    expect_swapped(swap, probe);
}};

kernel::Test event{"inside.thread_that_waits_for_an_event_stays_counted", [] {
    auto probe = make_probe();
    Visitor visitor(probe, [] {});
    HotSwap* swap = start_swap(probe);
    kernel::sleep_until(kernel::now_ns() + kernel::millisecond);
    EXPECT(swap->phase() == Phase::Forward);
    visitor.go_on();
    visitor.join();
    expect_swapped(swap, probe);
}};

kernel::Test mutex{"inside.thread_that_waits_for_a_mutex_stays_counted", [] {
    auto probe = make_probe();
    kernel::Mutex mutex;
    mutex.lock();
    Visitor visitor(probe, [&mutex] { kernel::MutexGuard guard(mutex); });
    visitor.go_on();
    HotSwap* swap = start_swap(probe);
    kernel::sleep_until(kernel::now_ns() + kernel::millisecond);
    EXPECT(swap->phase() == Phase::Forward);
    mutex.unlock();
    visitor.join();
    expect_swapped(swap, probe);
}};

// Fills its thread's records by recursion, then lingers in another object.
struct DeepCaller {
    Ref<Probe> recursive;
    Ref<Probe> target;
    unsigned depth = 0;
    kernel::Event entered{};
    kernel::Event leave{};

    static void body(void* context)
    {
        auto& self = *static_cast<DeepCaller*>(context);
        const bool full = self.depth++ == RecordStack::capacity;
        EXPECT((full ? self.target->linger(&self.entered, &self.leave) : self.recursive->visit(body, context)).ok());
    }
};

kernel::Test untracked{"inside.untracked_call_keeps_the_swap_from_going_on", [] {
    auto recursive = make_probe();
    auto probe = make_probe();
    auto arbiter = CountingArbiter::attach(recursive.reference());
    EXPECT(arbiter.ok());
    Elder elder;
    HotSwap* swap = start_swap(probe);
    elder.passed_by();
    DeepCaller caller{recursive, probe};
    Helper thread(DeepCaller::body, &caller);
    caller.entered.wait();
    elder.leave();
    kernel::wait_until([swap] { return swap->phase() == Phase::Aborted; });
    caller.leave.signal();
    thread.join();
    EXPECT(swap->wait().code() == Code::UNSUPPORTED);
    swap->release();
    CountingArbiter::detach(arbiter.value());
    destroy_now(recursive);
    destroy_now(probe);
}};

}

}
