// The four functions that the compiler calls on its own, also in freestanding code.
#include "kernel/memory.h"

#include <stdint.h>

namespace {

// Loops by the word where both sides are aligned, several words a turn; the compiler must not recognise them as the
// functions they implement.
bool word_aligned(const void* left, const void* right)
{
    return ((reinterpret_cast<uint64_t>(left) | reinterpret_cast<uint64_t>(right)) & 7) == 0;
}

}

extern "C" {

[[clang::no_builtin]] void* memcpy(void* __restrict to, const void* __restrict from, size_t size)
{
    const size_t words = word_aligned(to, from) ? size / 8 : 0;
#pragma clang loop unroll_count(4)
    for (size_t i = 0; i < words; ++i)
        static_cast<uint64_t*>(to)[i] = static_cast<const uint64_t*>(from)[i];
    for (size_t i = words * 8; i < size; ++i)
        static_cast<uint8_t*>(to)[i] = static_cast<const uint8_t*>(from)[i];
    return to;
}

[[clang::no_builtin]] void* memmove(void* to, const void* from, size_t size)
{
    auto* target = static_cast<uint8_t*>(to);
    auto* source = static_cast<const uint8_t*>(from);
    if (target <= source || target >= source + size) {
        for (size_t i = 0; i < size; ++i)
            target[i] = source[i];
    } else {
        for (size_t i = size; i > 0; --i)
            target[i - 1] = source[i - 1];
    }
    return to;
}

[[clang::no_builtin]] void* memset(void* to, int value, size_t size)
{
    const uint64_t word = (static_cast<uint64_t>(value) & 0xFF) * 0x0101'0101'0101'0101;
    const size_t words = word_aligned(to, nullptr) ? size / 8 : 0;
#pragma clang loop unroll_count(4)
    for (size_t i = 0; i < words; ++i)
        static_cast<uint64_t*>(to)[i] = word;
    for (size_t i = words * 8; i < size; ++i)
        static_cast<uint8_t*>(to)[i] = static_cast<uint8_t>(word);
    return to;
}

[[clang::no_builtin]] int memcmp(const void* left, const void* right, size_t size)
{
    for (size_t i = 0; i < size; ++i) {
        const int difference = static_cast<const uint8_t*>(left)[i] - static_cast<const uint8_t*>(right)[i];
        if (difference != 0)
            return difference;
    }
    return 0;
}

}
