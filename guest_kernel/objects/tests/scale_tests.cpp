// Many swaps at once, and swaps against the priorities.

#include "arch/ppc64/percpu.h"
#include "kernel/clock.h"
#include "kernel/test.h"
#include "objects/tests/probe.h"

namespace objects::tests {

namespace {

kernel::Test shared_rounds{"swap.hundred_swaps_share_the_waits_for_a_generation", counted<[] {
    constexpr unsigned count = 100;
    Ref<Probe> probes[count];
    HotSwap* swaps[count] = {};
    for (auto& probe : probes) {
        probe = create<ProbeRoot<1>>().value();
        EXPECT(probe->version().value() == 1);
    }
    const uint64_t rounds = kernel::generations().rounds();
    const uint64_t waits = kernel::generations().waits();
    for (unsigned i = 0; i < count; ++i) {
        const auto swap = swap_to<2>(probes[i].reference());
        EXPECT(swap.ok());
        swaps[i] = swap.value();
    }
    {
        UncountedScope uncounted;
        for (auto* swap : swaps) {
            EXPECT(swap->wait().ok());
            swap->release();
        }
    }
    // Each swap waits twice. This thread held up the first waits, so two rounds served all of them: the one that was under
    // way and the next. By the second ones nobody is counted any more, and a round ends as it starts.
    EXPECT(kernel::generations().waits() - waits == 2 * count);
    EXPECT(kernel::generations().rounds() - rounds <= count + count / 10);
    for (auto probe : probes) {
        EXPECT(probe->version().value() == 2);
        EXPECT(destroy(probe.reference()).ok());
    }
    UncountedScope uncounted;
    drain_dead_objects();
}>};

// Keeps one CPU busy until it is told to stop, at most so long.
struct Hog {
    static constexpr uint64_t patience_ns = 200 * kernel::millisecond;
    static constexpr unsigned priority = 20;

    bool stop = false;
    bool gave_up = false;
    kernel::Event running;
    kernel::Event ended;

    static void entry(uint64_t argument)
    {
        auto& hog = *reinterpret_cast<Hog*>(argument);
        const uint64_t end = kernel::now_ns() + patience_ns;
        hog.running.signal();
        while (!__atomic_load_n(&hog.stop, __ATOMIC_ACQUIRE)) {
            if (kernel::now_ns() >= end) {
                hog.gave_up = true;
                break;
            }
        }
        hog.ended.signal();
    }
};

// A counted thread of low priority that needs the CPU to get out of the object.
struct Slow {
    Ref<Probe> probe;
    kernel::Event inside;
    kernel::Event go_on;
    kernel::Event ended;

    explicit Slow(Ref<Probe> target) : probe(target) {}

    static void entry(uint64_t argument)
    {
        auto& slow = *reinterpret_cast<Slow*>(argument);
        EXPECT(slow.probe->linger(&slow.inside, &slow.go_on).ok());
        slow.ended.signal();
    }
};

kernel::Test hog{"swap.thread_that_is_waited_for_outruns_a_hog", [] {
    Ref<Probe> probe;
    HotSwap* swap = nullptr;
    {
        CountedScope scope;
        probe = create<ProbeRoot<1>>().value();
    }
    const int cpu = static_cast<int>(arch::cpu_count()) - 1;
    // The hog may be on this thread's CPU too.
    kernel::current_thread()->set_base_priority(Hog::priority + 1);
    Slow slow(probe);
    Hog hog;
    const kernel::ThreadOptions low{.name = "slow", .priority = 2, .cpu = cpu, .counted = true};
    EXPECT(kernel::Thread::create(low, Slow::entry, reinterpret_cast<uint64_t>(&slow)).ok());
    slow.inside.wait();
    const kernel::ThreadOptions high{.name = "hog", .priority = Hog::priority, .cpu = cpu, .counted = false};
    EXPECT(kernel::Thread::create(high, Hog::entry, reinterpret_cast<uint64_t>(&hog)).ok());
    hog.running.wait();
    slow.go_on.signal();
    swap = swap_to<2>(probe.reference()).value();
    EXPECT(swap->wait().ok());
    swap->release();
    EXPECT(!__atomic_load_n(&hog.gave_up, __ATOMIC_ACQUIRE));
    __atomic_store_n(&hog.stop, true, __ATOMIC_RELEASE);
    hog.ended.wait();
    slow.ended.wait();
    {
        CountedScope scope;
        EXPECT(destroy(probe.reference()).ok());
    }
    drain_dead_objects();
}};

}

}
