// Whether something of the object system leads into a range of code and data that is to go.
#pragma once

#include <stdint.h>

namespace objects {

// Whether an object that lives, or is about to take over in a swap, is of a class described in [first, end). What was
// destroyed or replaced before is drained first (drain_dead_objects). For counted threads.
bool classes_in_use(uint64_t first, uint64_t end);

}
