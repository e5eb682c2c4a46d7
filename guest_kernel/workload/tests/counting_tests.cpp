// Swaps under load: every increment is counted exactly once.

#include "kernel/clock.h"
#include "kernel/generation.h"
#include "kernel/test.h"
#include "kernel/thread.h"
#include "objects/counted_scope.h"
#include "objects/hot_swap.h"
#include "objects/names.h"
#include "services/counter/counter.h"
#include "workload/workload.h"

namespace workload::tests {

namespace {

Status swap_counter(const char* class_name)
{
    kernel::Owned<objects::Root> root;
    {
        objects::CountedScope calls_the_page_allocator;
        root = kernel::Owned<objects::Root>(TRY(objects::find_class(class_name)->make_root()));
    }
    auto* swap = TRY(objects::HotSwap::start(
        objects::find_name("counter"), static_cast<kernel::Owned<objects::Root>&&>(root)));
    const Status outcome = swap->wait();
    swap->release();
    return outcome;
}

kernel::Test two_hundred_swaps{"counting.two_hundred_swaps_under_load_lose_nothing", [] {
    auto* counting = find("counting");
    {
        objects::CountedScope scope;
        EXPECT(counting->start({.clients = 4, .operations = 0, .seed = 1}).ok());
    }
    for (unsigned i = 0; i < 200; ++i) {
        EXPECT(swap_counter(i % 2 == 0 ? "SharedCounter" : "PartitionedCounter").ok());
        // On a machine with one CPU the clients, of low priority, run now.
        kernel::sleep_until(kernel::now_ns() + 30 * kernel::microsecond);
    }
    counting->stop();
    counting->wait_until_ended();
    const Totals totals = counting->totals();
    EXPECT(totals.operations > 200);
    EXPECT(totals.errors == 0);
}};

}

}
