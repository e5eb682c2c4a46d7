// What tests of swaps do again and again, from a thread that is not counted.
#pragma once

#include "kernel/clock.h"
#include "kernel/test.h"
#include "objects/tests/probe.h"

namespace objects::tests {

// A subject's CPU is the last one; what must go on while that CPU is held is on the first.
inline void stay_on_first_cpu()
{
    EXPECT(kernel::current_thread()->move_to(0).ok());
}

// Longer than a swap takes that nobody holds up.
inline void wait_for_a_swap()
{
    kernel::sleep_until(kernel::now_ns() + kernel::millisecond);
}

// One that was called before, so that a swap of it waits for a generation.
inline Ref<Probe> make_used_probe()
{
    CountedScope scope;
    auto probe = create<ProbeRoot<1>>();
    EXPECT(probe.ok() && probe.value()->version().ok());
    return probe.value();
}

inline HotSwap* start_swap(Reference reference, kernel::Owned<Root> replacement)
{
    CountedScope scope;
    SwapOptions options;
    options.time_limit_ns = 50 * kernel::millisecond;
    auto swap = HotSwap::start(reference, static_cast<kernel::Owned<Root>&&>(replacement), options);
    EXPECT(swap.ok());
    return swap.value();
}

inline HotSwap* start_swap(Ref<Probe> probe)
{
    return start_swap(probe.reference(), kernel::Owned<Root>(kernel::make<ProbeRoot<2>>(kernel::Tag::Test)));
}

inline void end_swap(HotSwap* swap, Code expected = Code::OK)
{
    EXPECT(swap->wait().code() == expected);
    swap->release();
}

inline void expect_version(Ref<Probe> probe, uint64_t version)
{
    CountedScope scope;
    EXPECT(probe->version().value() == version);
}

inline void destroy_and_drain(Reference reference)
{
    {
        CountedScope scope;
        EXPECT(destroy(reference).ok());
    }
    drain_dead_objects();
}

}
