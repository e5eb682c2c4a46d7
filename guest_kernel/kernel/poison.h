// What freed memory is filled with, so that its use after the free is seen.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace kernel {

inline constexpr uint8_t poison_byte = 0xDE;
inline constexpr uint64_t poison_word = 0xDEDE'DEDE'DEDE'DEDE;

// `memory` and `size` are multiples of 8. Every block of the heap passes here twice, so the loops do several words a turn.
inline void poison(void* memory, size_t size)
{
    auto* words = static_cast<uint64_t*>(memory);
#pragma clang loop unroll_count(4)
    for (size_t i = 0; i < size / sizeof(uint64_t); ++i)
        words[i] = poison_word;
}

inline bool is_poisoned(const void* memory, size_t size)
{
    auto* words = static_cast<const uint64_t*>(memory);
    uint64_t differences = 0;
#pragma clang loop unroll_count(4)
    for (size_t i = 0; i < size / sizeof(uint64_t); ++i)
        differences |= words[i] ^ poison_word;
    return differences == 0;
}

}
