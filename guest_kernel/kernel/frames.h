// The pool of physical page frames.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "kernel/status.h"

namespace kernel {

// Frames from the end of the kernel image to the end of RAM. Needs no heap and no objects: page tables, stacks and, at
// first, the heap draw on it; later the page allocator object takes what it manages from here.

// Once, on CPU 0, before anything else of memory; [first, end) are physical addresses of free RAM.
void initialise_frames(uint64_t first, uint64_t end);

// Physical address of `count` contiguous frames, contents undefined. NO_MEMORY is possible. From any level.
Result<uint64_t> allocate_frames(size_t count);
// Fills them with poison.
void free_frames(uint64_t physical, size_t count);

uint64_t frames_free();
uint64_t frames_total();

}
