// What the host passes to the kernel as text.
#pragma once

#include <stddef.h>

namespace kernel {

// BootInfo's arguments are words `name=value` with spaces between. Copies the value of `name`, cut to `size` bytes;
// false, and an empty value, when it is not there.
bool boot_argument(const char* name, char* value, size_t size);

}
