// Pages cut into blocks of one size.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "abi.h"
#include "kernel/list.h"
#include "kernel/size_class.h"
#include "kernel/spinlock.h"
#include "kernel/tag.h"

namespace kernel {

// The head of a page; tags of the blocks follow it, then the blocks. Free blocks are poisoned from end to end, so which
// are free is kept here and not in them. The pool's lock guards the links and the free blocks.
class Slab {
public:
    Slab(unsigned size_class);

    // The slab in whose page the block lies. Panics when it is not the start of a block of the heap.
    static Slab& of(const void* block);
    // Null when the address lies in no page of blocks.
    static Slab* find(const void* block);

    unsigned size_class() const { return m_size_class; }
    size_t block_size() const { return class_sizes[m_size_class]; }
    bool full() const { return m_free == 0; }
    bool empty() const { return m_free == m_blocks; }
    void* take();
    void put(void* block);

    // A block's tag while it is allocated. clear_tag panics when it is not: a double free.
    void set_tag(const void* block, Tag tag);
    Tag clear_tag(const void* block);

    ListLink<Slab> link;

private:
    static constexpr uint64_t magic = 0x4556'4552'534C'4142;
    static constexpr uint8_t no_tag = 0xFF;
    static constexpr unsigned bitmap_words = 4;

    uint8_t* tags() { return reinterpret_cast<uint8_t*>(this + 1); }
    uint8_t* first_block() { return reinterpret_cast<uint8_t*>(this) + m_first; }
    size_t index_of(const void* block);

    const uint64_t m_magic = magic;
    const uint16_t m_size_class;
    uint16_t m_first;
    uint16_t m_blocks;
    uint16_t m_free;
    // Bit set: the block is free.
    uint64_t m_free_blocks[bitmap_words] = {};
};

// The slabs of one size class, for all CPUs.
class SlabPool {
public:
    // Moves up to `wanted` free blocks into `blocks` and returns how many there were.
    size_t take(void** blocks, size_t wanted);
    // Returns a slab that has become empty and is not kept in reserve: the caller frees its page. Else null.
    Slab* put(void* block);
    void add(Slab& slab);
    // An empty slab, for its page to be freed; null when there is none.
    Slab* take_empty();

private:
    using SlabList = List<Slab, &Slab::link>;

    // Guards all that follows, and the free blocks of the class' slabs.
    SpinLock m_lock;
    // Slabs with a free block, those last put to in front; full ones are in no list.
    SlabList m_available;
    // One empty slab is kept, or a block that goes back and forth would take and free a page each time.
    unsigned m_empty = 0;
};

}
