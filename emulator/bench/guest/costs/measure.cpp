#include "measure.h"

#include "arch/ppc64/hypercall.h"
#include "kernel/event.h"
#include "kernel/thread.h"

namespace bench {

void begin(const char* name)
{
    arch::mark(reinterpret_cast<uint64_t>(name));
}

void end()
{
    arch::mark(0);
}

void put_off_timer()
{
    arch::timer_set(~uint64_t{0});
}

namespace {

struct Run {
    kernel::Status (*body)(uint64_t times);
    uint64_t times;
    kernel::Status status;
};

void enter(uint64_t argument)
{
    auto& run = *reinterpret_cast<Run*>(argument);
    run.status = run.body(run.times);
}

}

kernel::Status run_undisturbed(kernel::Status (*body)(uint64_t times), uint64_t times)
{
    Run run{body, times, {}};
    kernel::Event ended;
    const kernel::ThreadOptions options{"bench", kernel::priorities - 1, 0, true, &ended};
    TRY(kernel::Thread::create(options, enter, reinterpret_cast<uint64_t>(&run)));
    ended.wait();
    return run.status;
}

kernel::Result<uint64_t> times_in(const char* words)
{
    uint64_t times = 0;
    if (*words == '\0')
        return kernel::Code::INVALID;
    for (; *words != '\0'; ++words) {
        if (*words < '0' || *words > '9')
            return kernel::Code::INVALID;
        times = 10 * times + static_cast<uint64_t>(*words - '0');
    }
    return times;
}

}
