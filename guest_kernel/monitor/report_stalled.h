// Telling the host who holds up an update.
#pragma once

#include <stdint.h>

namespace monitor {

// One event for each thread that has been counted since before the step began.
void report_stalled(uint64_t update, const char* step, uint64_t since_ns);

}
