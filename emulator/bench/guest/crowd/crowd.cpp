// Makes counters by the thousand, for measurements of what depends on the number of instances.

#include "arch/ppc64/percpu.h"
#include "kernel/command.h"
#include "kernel/thread.h"
#include "objects/counted_scope.h"
#include "objects/lifetime.h"
#include "services/counter/shared_counter.h"

namespace {

using kernel::Code;
using kernel::Result;
using kernel::Status;

Result<uint64_t> number(const char* words)
{
    uint64_t value = 0;
    const char* digit = words;
    for (; *digit >= '0' && *digit <= '9'; ++digit)
        value = 10 * value + static_cast<uint64_t>(*digit - '0');
    return digit == words || *digit != '\0' ? Result<uint64_t>(Code::INVALID) : Result<uint64_t>(value);
}

// They stay for good: nobody keeps their references.
Status make_here(uint64_t count)
{
    objects::CountedScope calls_factories;
    for (uint64_t i = 0; i < count; ++i) {
        const auto counter = TRY(objects::create<services::SharedCounterRoot>());
        TRY(counter->increment());
    }
    return {};
}

// As many at home on each CPU as on any other, or one more.
Status make(const char* words)
{
    const uint64_t count = TRY(number(words));
    const unsigned cpus = arch::cpu_count();
    for (unsigned cpu = 0; cpu < cpus; ++cpu) {
        TRY(kernel::current_thread()->move_to(cpu));
        TRY(make_here(count / cpus + (cpu < count % cpus)));
    }
    return {};
}

const kernel::Command command{"crowd", "makes so many counters, spread over the CPUs", make};

}

extern "C" Status module_init()
{
    return {};
}
