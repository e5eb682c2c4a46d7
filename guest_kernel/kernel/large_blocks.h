// Allocations of whole pages.
#pragma once

#include <stddef.h>

#include "kernel/tag.h"

namespace kernel {

// What is known of one: kept apart, so that its memory begins on a page.
struct LargeBlock {
    void* memory;
    size_t pages;
    Tag tag;
    LargeBlock* next;
};

// By address.
class LargeBlocks {
public:
    static void add(LargeBlock& block);
    // Takes it out. Panics when there is none at this address: a double free, or memory that is not the heap's.
    static LargeBlock& remove(const void* memory);
    // Pages of the one at this address, 0 when there is none.
    static size_t pages(const void* memory);
};

}
