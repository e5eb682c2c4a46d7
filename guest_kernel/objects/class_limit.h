// How long the code of a class may take.
#pragma once

#include <stdint.h>

namespace objects {

// Virtual time at a stretch, waits for memory included: to make an object or an adaptor, and to carry out what a
// conversion asks of it.
inline constexpr uint64_t class_limit_ns = 1'000'000'000;

}
