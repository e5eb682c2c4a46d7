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

// Who gets a run of frames back; known by its first frame, and forgotten when it is freed.
enum class FrameOwner : uint8_t {
    // Whoever called allocate_frames.
    Caller,
    // The page source that is the frame pool itself.
    PageSource,
};
void set_frame_owner(uint64_t physical, FrameOwner owner);
FrameOwner frame_owner(uint64_t physical);

uint64_t frames_free();
uint64_t frames_total();

}
