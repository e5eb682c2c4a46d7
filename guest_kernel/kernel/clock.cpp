#include "kernel/clock.h"

#include "arch/ppc64/hypercall.h"

namespace kernel {

uint64_t now_ns()
{
    return arch::clock_read();
}

}
