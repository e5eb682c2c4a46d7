// The same loop around each kind of call: where the object is found is loaded anew each time.
#pragma once

#include "measure.h"
#include "thing.h"

extern "C" {

// By these names the host finds them and counts their instructions, which those of a copy would not be.
[[gnu::noinline]] void bench_no_calls(bench::PlainThing* const* where, uint64_t times);
[[gnu::noinline]] void bench_direct_calls(bench::PlainThing* const* where, uint64_t times);
[[gnu::noinline]] void bench_virtual_calls(bench::Thing* const* where, uint64_t times);
[[gnu::noinline]] void bench_object_calls(const objects::Ref<bench::Thing>* where, uint64_t times);

}

namespace bench {

// Once, and once twice as often: between the two, marks and the way into the loop cancel out.
template <typename Where>
void measure(const char* name, void (*loop)(Where, uint64_t), Where where, uint64_t times)
{
    for (uint64_t passes = times; passes <= 2 * times; passes += times) {
        begin(name);
        loop(where, passes);
        end();
    }
}

}
