// Interrupts that one CPU sends to another.
#pragma once

#include <stdint.h>

#include "abi.h"

namespace kernel {

// Beside those with a meaning for the machine (abi::Message).
enum class CpuMessage : uint8_t {
    // Look at the run queue.
    Reschedule = 0,
    // Another CPU panics: publish your registers and stay.
    Stop = 1,
};

// The receiver takes it when its interrupts are on; several of one kind may arrive as one. What was written before is
// visible to the receiver (write_register orders it).
void send_message(unsigned cpu, CpuMessage message);

}
