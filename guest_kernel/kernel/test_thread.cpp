#include "kernel/test_thread.h"

#include "arch/ppc64/percpu.h"

namespace kernel {

int last_cpu()
{
    return static_cast<int>(arch::cpu_count()) - 1;
}

void spin_for(uint64_t ns)
{
    const uint64_t deadline = now_ns() + ns;
    while (now_ns() < deadline) {
    }
}

}
