// Zero-terminated text without a library.
#pragma once

#include <stddef.h>

namespace kernel {

bool equal(const char* left, const char* right);
// Negative, zero or positive, by the first byte that differs.
int compare(const char* left, const char* right);
size_t length(const char* text);
bool starts_with(const char* text, const char* prefix);
// Copies as much as fits in `size` bytes (at least 1), always with the final zero.
void copy_text(char* to, size_t size, const char* from);

}
