// The sizes of blocks that slabs hold.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "kernel/heap.h"

namespace kernel {

inline constexpr size_t block_alignment = 16;
// Multiples of the alignment; the larger ones use up a slab's page in 6, 5, 4, 3 and 2 blocks.
inline constexpr size_t class_sizes[] = {16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 656, 800, 992, 1328, 2000};
inline constexpr unsigned size_classes = sizeof(class_sizes) / sizeof(class_sizes[0]);
static_assert(class_sizes[size_classes - 1] == heap_small_max);

// The smallest class that holds `bytes` (at most heap_small_max).
constexpr unsigned size_class_of(size_t bytes)
{
    unsigned size_class = 0;
    while (class_sizes[size_class] < bytes)
        ++size_class;
    return size_class;
}

}
