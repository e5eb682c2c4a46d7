// From a trap frame to the kernel's handlers.
#pragma once

#include <stdint.h>

#include "arch/ppc64/trap_frame.h"

namespace arch {

// The fix-up address of the access at `address`, or 0.
uint64_t find_fixup(uint64_t address);

// What a data or instruction storage interrupt complains of, in words that a panic shows.
const char* describe_fault(const TrapFrame& frame);

}

// Called by exception_entry with interrupts off.
extern "C" void handle_exception(arch::TrapFrame* frame);
