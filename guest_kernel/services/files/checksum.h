// The checksum of what the file system must recognise as whole (emulator/abi/file_system.py).
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "abi.h"

namespace services {

// Of so many 64-bit words, going on from `sum`.
inline uint64_t checksum_of(const void* words, size_t count, uint64_t sum = abi::CHECKSUM_START)
{
    const auto* word = static_cast<const uint64_t*>(words);
    for (size_t i = 0; i < count; ++i)
        sum = (sum ^ word[i]) * abi::CHECKSUM_FACTOR;
    return sum;
}

}
