// Lines on the console.
#pragma once

#include <stdarg.h>
#include <stddef.h>

namespace kernel {

// The longest line, with its newline; what does not fit is cut off.
inline constexpr size_t line_max = 512;

// Prints one line, ending it with a newline unless the format does. The line reaches the console in one store, so lines
// of several CPUs never mix. Callable at exception level and with spin locks held. The formats are those of format.h.
[[gnu::format(printf, 1, 2)]] void print(const char* format, ...);
void print_arguments(const char* format, va_list arguments);

}
