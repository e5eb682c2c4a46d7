// How far the workloads had come at a moment of a swap.
#pragma once

#include <stdint.h>

namespace monitor {

// Tells the host the totals of every workload that runs.
void sample_workloads(uint64_t swap, const char* phase);

}
