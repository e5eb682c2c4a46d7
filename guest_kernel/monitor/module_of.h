// Which module brought something.
#pragma once

#include <stdint.h>

namespace monitor {

// The id of the module in whose memory that address lies, 0 for the kernel.
uint64_t module_of(const void* address);

}
