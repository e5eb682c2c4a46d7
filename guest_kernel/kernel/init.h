// Functions that run once at start, in order.
#pragma once

#include <stdint.h>

#include "kernel/status.h"

namespace kernel {

// In this order; of one stage in the order of names, which differ.
enum class InitStage : uint8_t {
    // Devices: interrupts and threads work.
    Devices,
    // The object system, then the objects that others need (the page allocator).
    Objects,
    Services,
    // Who serves the monitor. READY is announced after this stage.
    Monitor,
    // What loads the system. Not run when the in-guest tests are.
    Workload,
};

// Runs in a counted thread on CPU 0. A failure is a panic that names it.
struct InitFunction {
    InitStage stage;
    const char* name;
    Status (*run)();
};

// Registered by the linker's section that all of them lie in, without any code that runs:
// `[[gnu::section("init_functions"), gnu::used]] constexpr kernel::InitFunction init{stage, name, function};`
void run_init_functions(InitStage stage);

// Those that a module brings, stage after stage, counted or not as the caller is. Ends with the first failure.
Status run_init_functions(const InitFunction* first, uint64_t count);

}
