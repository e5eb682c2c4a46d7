// Bytes: the functions of the C library that freestanding code needs.
#pragma once

#include <stddef.h>

extern "C" {
// The regions do not overlap; memmove's may.
void* memcpy(void* __restrict to, const void* __restrict from, size_t size);
void* memmove(void* to, const void* from, size_t size);
void* memset(void* to, int value, size_t size);
// Negative, zero or positive, by the first byte that differs.
int memcmp(const void* left, const void* right, size_t size);
}
