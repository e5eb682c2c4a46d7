// Everything at once: calls, swaps, aborts, arbiters and threads that move.

#include "kernel/clock.h"
#include "kernel/generation.h"
#include "kernel/test.h"
#include "kernel/test_thread.h"
#include "kernel/text.h"
#include "objects/counting_arbiter.h"
#include "objects/tests/probe.h"

namespace objects::tests {

namespace {

constexpr uint64_t calls_each = 60;
constexpr unsigned rounds = 12;
constexpr kernel::ThreadOptions caller_options{.name = "caller", .priority = 10};
constexpr kernel::ThreadOptions uncounted_options{.name = "storm", .priority = 12, .counted = false};

void pause()
{
    kernel::sleep_until(kernel::now_ns() + 30 * kernel::microsecond);
}

void keep_calling(Ref<Probe> probe)
{
    kernel::OuterLoop loop;
    for (uint64_t i = 0; i < calls_each; ++i) {
        const Pair pair = probe->fold(1, 2, 3, 4, 5, 6, 7, 8, 9, i);
        EXPECT(pair.low == 55 && pair.high == 89 + 7 * i);
        loop.pass();
    }
}

template <uint64_t number>
void swap_once(Ref<Probe> probe)
{
    Result<HotSwap*> swap = Code::CANCELLED;
    {
        CountedScope scope;
        swap = swap_to<number>(probe.reference());
    }
    EXPECT(swap.ok());
    const Code outcome = swap.value()->wait().code();
    EXPECT(outcome == Code::OK || outcome == Code::CANCELLED);
    swap.value()->release();
}

void keep_swapping(Ref<Probe> probe)
{
    for (unsigned i = 0; i < rounds; ++i) {
        swap_once<2>(probe);
        swap_once<1>(probe);
    }
}

void keep_aborting(Ref<Probe> probe)
{
    for (unsigned i = 0; i < rounds; ++i) {
        {
            CountedScope keeps_the_swap;
            if (auto* swap = swap_of(probe.reference()))
                swap->abort(Code::CANCELLED).ignore();
        }
        pause();
    }
}

void keep_watching(Ref<Probe> probe)
{
    for (unsigned i = 0; i < rounds; ++i) {
        auto arbiter = CountingArbiter::attach(probe.reference());
        EXPECT(arbiter.ok());
        pause();
        CountingArbiter::detach(arbiter.value());
    }
}

void move_caller(kernel::Thread& thread, void*)
{
    const unsigned cpus = static_cast<unsigned>(kernel::last_cpu()) + 1;
    if (kernel::equal(thread.name(), caller_options.name))
        thread.move_to((thread.cpu() + 1) % cpus).ignore();
}

void keep_moving()
{
    for (unsigned i = 0; i < 2 * rounds; ++i) {
        kernel::for_each_thread(move_caller, nullptr);
        pause();
    }
}

kernel::Test storm{"interleaving.storm_of_calls_swaps_aborts_arbiters_and_moves", [] {
    const uint64_t alive = roots_alive;
    Ref<Probe> probe;
    {
        CountedScope scope;
        probe = create<ProbeRoot<1>>().value();
    }
    {
        kernel::TestThread first(caller_options, [=] { keep_calling(probe); });
        kernel::TestThread second(caller_options, [=] { keep_calling(probe); });
        kernel::TestThread third(caller_options, [=] { keep_calling(probe); });
        kernel::TestThread swapper(uncounted_options, [=] { keep_swapping(probe); });
        kernel::TestThread aborter(uncounted_options, [=] { keep_aborting(probe); });
        kernel::TestThread watcher(uncounted_options, [=] { keep_watching(probe); });
        kernel::TestThread mover(uncounted_options, keep_moving);
    }
    {
        CountedScope scope;
        EXPECT(probe->calls().value() == 3 * calls_each);
        EXPECT(table().innermost(probe.reference()) == nullptr);
        EXPECT(destroy(probe.reference()).ok());
    }
    drain_dead_objects();
    EXPECT(roots_alive == alive);
}};

}

}
