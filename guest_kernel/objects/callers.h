// Who still calls an interface that has changed.
#pragma once

#include <stdint.h>

namespace objects {

struct CallerClass;

// Live instances of that class in versions below. For counted threads.
uint64_t instances_below(const CallerClass& caller);

}
