// Threads that are inside an object when a swap comes: what they wait for, and where they go from there.

#include "kernel/mutex.h"
#include "kernel/test.h"
#include "objects/counting_arbiter.h"
#include "objects/tests/elder.h"
#include "objects/tests/steps.h"
#include "objects/tests/visitor.h"

namespace objects::tests {

namespace {

void expect_swapped(HotSwap* swap, Ref<Probe> probe)
{
    end_swap(swap);
    expect_version(probe, 2);
    destroy_and_drain(probe.reference());
}

void wait_for_block(const HotSwap* swap)
{
    kernel::wait_until([swap] { return swap->phase() == Phase::Block; });
}

kernel::Test recursion{"inside.recursion_through_another_object_goes_through", [] {
    auto probe = make_used_probe();
    auto other = make_used_probe();
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
    destroy_and_drain(other.reference());
}};

kernel::Test waiting{"inside.call_that_merely_waits_is_waited_for", [] {
    auto probe = make_used_probe();
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

kernel::Test at_once{"inside.last_call_to_leave_ends_the_block_phase_at_once", [] {
    auto probe = make_used_probe();
    Elder elder;
    HotSwap* swap = start_swap(probe);
    elder.passed_by();
    Visitor visitor(probe, [] {});
    elder.leave();
    wait_for_block(swap);
    const uint64_t before = kernel::now_ns();
    visitor.go_on();
    visitor.join();
    EXPECT(swap->wait().ok());
    // The leader looks every millisecond too.
    EXPECT(swap->times(0, Phase::Block).end_ns - before < kernel::millisecond / 2);
    expect_swapped(swap, probe);
}};

kernel::Test timed{"inside.phases_follow_each_other_in_time", [] {
    auto probe = make_used_probe();
    HotSwap* swap = start_swap(probe);
    EXPECT(swap->wait().ok());
    for (unsigned cpu = 0; cpu <= static_cast<unsigned>(kernel::last_cpu()); ++cpu) {
        const auto forward = swap->times(cpu, Phase::Forward);
        const auto block = swap->times(cpu, Phase::Block);
        const auto transfer = swap->times(cpu, Phase::Transfer);
        const auto complete = swap->times(cpu, Phase::Completed);
        EXPECT(forward.start_ns > 0 && forward.start_ns <= forward.end_ns && forward.end_ns <= block.start_ns);
        EXPECT(block.start_ns <= block.end_ns && block.end_ns <= transfer.start_ns);
        // For a CPU that is behind another one the clock may stand still.
        EXPECT(transfer.start_ns <= transfer.end_ns && transfer.end_ns <= complete.start_ns);
        EXPECT(complete.start_ns <= complete.end_ns);
    }
    expect_swapped(swap, probe);
}};

kernel::Test event{"inside.thread_that_waits_for_an_event_stays_counted", [] {
    auto probe = make_used_probe();
    Visitor visitor(probe, [] {});
    HotSwap* swap = start_swap(probe);
    kernel::sleep_until(kernel::now_ns() + kernel::millisecond);
    EXPECT(swap->phase() == Phase::Forward);
    visitor.go_on();
    visitor.join();
    expect_swapped(swap, probe);
}};

kernel::Test mutex{"inside.thread_that_waits_for_a_mutex_stays_counted", [] {
    auto probe = make_used_probe();
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
    auto recursive = make_used_probe();
    auto probe = make_used_probe();
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
    end_swap(swap, Code::UNSUPPORTED);
    CountingArbiter::detach(arbiter.value());
    destroy_and_drain(recursive.reference());
    destroy_and_drain(probe.reference());
}};

}

}
