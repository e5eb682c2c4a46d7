// Free blocks that one CPU keeps at hand.
#pragma once

#include <stddef.h>

#include "kernel/spinlock.h"

namespace kernel {

// Of one size class. Its lock is nearly always free: only a drain comes from another CPU.
class HeapCache {
public:
    static constexpr size_t capacity = 16;
    // How many blocks go to or come from the slabs at a time.
    static constexpr size_t batch = capacity / 2;

    // Null when it is empty.
    void* take();
    // False when it is full.
    bool put(void* block);
    // Moves up to `wanted` blocks out, the ones longest unused; returns how many.
    size_t take_oldest(void** blocks, size_t wanted);

private:
    // Guards the blocks: [0, m_count), the last one put is the first one taken.
    SpinLock m_lock;
    size_t m_count = 0;
    void* m_blocks[capacity] = {};
};

}
