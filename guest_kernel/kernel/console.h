// The console's transmitter.
#pragma once

#include <stddef.h>

namespace kernel {

// Sends one line as a whole. For panics: takes no lock, so lines of CPUs that still run may come between.
void console_write_unlocked(const char* line, size_t size);

}
