// Who still calls an interface that has changed.
#pragma once

#include <stdint.h>

namespace objects {

struct CallerClass;

// Live instances of that class in the versions that it names. For counted threads.
uint64_t instances_calling(const CallerClass& caller);

}
