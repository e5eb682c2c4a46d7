// Virtual time: one instruction is one nanosecond on its CPU.
#pragma once

#include <stdint.h>

namespace kernel {

inline constexpr uint64_t microsecond = 1000;
inline constexpr uint64_t millisecond = 1000 * microsecond;

// Exact for this CPU, and monotonic across CPUs. From any level.
uint64_t now_ns();

}
