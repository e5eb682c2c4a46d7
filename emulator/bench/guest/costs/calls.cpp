#include "calls.h"

#include "kernel/command.h"
#include "kernel/irq_guard.h"
#include "objects/lifetime.h"

using bench::PlainThing;
using bench::Thing;

extern "C" {

void bench_no_calls(PlainThing* const* where, uint64_t times)
{
    for (uint64_t i = 0; i < times; ++i)
        // The argument in place, and as after a call nothing is known of memory, and CTR does not count the loop.
        asm volatile("mr 4, %1" : : "r"(*where), "r"(i) : "memory", "ctr", "r4");
}

void bench_direct_calls(PlainThing* const* where, uint64_t times)
{
    for (uint64_t i = 0; i < times; ++i)
        (*where)->nothing(i).ignore();
}

void bench_virtual_calls(Thing* const* where, uint64_t times)
{
    for (uint64_t i = 0; i < times; ++i)
        (*where)->nothing(i).ignore();
}

void bench_object_calls(const objects::Ref<Thing>* where, uint64_t times)
{
    for (uint64_t i = 0; i < times; ++i)
        (*where)->nothing(i).ignore();
}

}

namespace bench {

namespace {

kernel::Status measure_calls(uint64_t times)
{
    const auto reference = TRY(objects::create<ThingRoot>());
    TRY(reference->nothing(0));
    auto* object = static_cast<PlainThing*>(reference.operator->());
    Thing* thing = object;
    {
        // The entry is filled: nothing below can miss.
        const kernel::IrqGuard nothing_comes_between;
        measure("none", bench_no_calls, static_cast<PlainThing* const*>(&object), times);
        measure("direct", bench_direct_calls, static_cast<PlainThing* const*>(&object), times);
        measure("virtual", bench_virtual_calls, static_cast<Thing* const*>(&thing), times);
        measure("object", bench_object_calls, &reference, times);
    }
    return objects::destroy(reference.reference());
}

const kernel::Command command{"bench-calls", "measures calls", [](const char* words) -> kernel::Status {
    return run_undisturbed(measure_calls, TRY(times_in(words)));
}};

}

}
