// Who serves which external interrupt.
#pragma once

#include <stdint.h>

#include "abi.h"
#include "kernel/status.h"

namespace kernel {

// Runs at exception level: interrupts off, pinned data only, no object, no allocation. It posts to a thread (Event,
// WaitQueue, complete) and returns. The device must have let go of its line by then, or be masked (mask_interrupt).
using InterruptHandler = void (*)(uint64_t argument);

// EXISTS when the line has a handler. The line is unmasked on this CPU.
Status attach_interrupt(abi::Line line, InterruptHandler handler, uint64_t argument);
void mask_interrupt(abi::Line line);
void unmask_interrupt(abi::Line line);

// Whether this CPU is inside the handling of an interrupt or a fault, where nothing may block and no object is called.
bool in_exception_level();

}
