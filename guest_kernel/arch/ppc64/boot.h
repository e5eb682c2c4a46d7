// Start of the machine: from real mode to kernel::main on every CPU.
#pragma once

#include <stdint.h>

#include "abi.h"
#include "kernel/status.h"

namespace arch {

// What the host said at start.
const abi::BootInfo& boot_info();

// Physical addresses of RAM that neither the kernel image nor its first page tables use. kernel::initialise_frames gets
// it before anything is mapped: page tables come from kernel::allocate_frames from then on.
struct RamRange {
    uint64_t begin;
    uint64_t end;
};
RamRange free_ram();

// Lets a held CPU (1 <= id < cpu_count()) boot into kernel::main(id). BUSY when it runs already.
kernel::Status start_cpu(unsigned id);

}
