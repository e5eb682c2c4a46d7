// Text from a format: %d %i %u %x %p %s %c %%, the lengths l, ll and z, a width, and the flags 0 and -.
#pragma once

#include <stdarg.h>
#include <stddef.h>

namespace kernel {

// Writes at most `size` bytes (at least 1), always with the final zero. Returns the length written, without the zero;
// what does not fit is cut off.
size_t format_arguments(char* to, size_t size, const char* format, va_list arguments);
[[gnu::format(printf, 3, 4)]] size_t format(char* to, size_t size, const char* format, ...);

}
