// The job mix: every answer right, the sums as the objects counted them, and nothing left behind.

#include "kernel/heap.h"
#include "kernel/test_thread.h"
#include "objects/counted_scope.h"
#include "objects/lifetime.h"
#include "services/memory/page_writer.h"
#include "workload/workload.h"

namespace workload::tests {

namespace {

Totals run(const Parameters& parameters)
{
    auto* mix = find("job-mix");
    {
        objects::CountedScope scope;
        EXPECT(mix->start(parameters).ok());
    }
    mix->wait_until_ended();
    return mix->totals();
}

constexpr unsigned tags = static_cast<unsigned>(kernel::Tag::Count);

struct Memory {
    uint64_t allocations[tags];

    // Once all that is on its way out has gone.
    static Memory settled()
    {
        services::page_writer().drain();
        kernel::drain_dead_threads();
        objects::drain_dead_objects();
        kernel::drain_heap();
        Memory memory;
        for (unsigned tag = 0; tag < tags; ++tag)
            memory.allocations[tag] = kernel::usage(static_cast<kernel::Tag>(tag)).allocations;
        return memory;
    }
    bool operator==(const Memory&) const = default;
};

kernel::Test all_kinds{"job_mix.does_jobs_of_every_kind_without_an_error", [] {
    const Totals totals = run({.clients = 4, .operations = 40, .seed = 1});
    EXPECT(totals.operations == 160 && totals.errors == 0);
    const auto* mix = find("job-mix");
    uint64_t done = 0;
    for (unsigned number = 0; number < mix->kinds(); ++number) {
        const auto kind = mix->kind(number);
        EXPECT(kind.done > 0 && kind.wrong == 0 && kind.refused == 0);
        done += kind.done;
    }
    EXPECT(done == totals.operations);
    EXPECT(mix->elapsed_ns() > 0);
}};

kernel::Test memory{"job_mix.leaves_no_memory_behind", [] {
    run({.clients = 3, .operations = 10, .seed = 2});
    // The threads of clients end a little later than their work, and so do page writers that are too many.
    services::page_writer().drain();
    kernel::sleep_until(kernel::now_ns() + kernel::millisecond);
    const Memory before = Memory::settled();
    run({.clients = 3, .operations = 30, .seed = 3});
    kernel::wait_until([&] { return Memory::settled() == before; });
}};

}

}
