#include "kernel/large_blocks.h"

#include "abi.h"
#include "kernel/panic.h"
#include "kernel/spinlock.h"

namespace kernel {

namespace {

constexpr size_t buckets = 64;

// Guards the table.
constinit SpinLock large_lock;
constinit LargeBlock* table[buckets] = {};

LargeBlock*& bucket_of(const void* memory)
{
    return table[reinterpret_cast<uint64_t>(memory) / abi::PAGE_SIZE % buckets];
}

}

void LargeBlocks::add(LargeBlock& block)
{
    SpinGuard guard(large_lock);
    auto*& first = bucket_of(block.memory);
    block.next = first;
    first = &block;
}

LargeBlock& LargeBlocks::remove(const void* memory)
{
    SpinGuard guard(large_lock);
    for (auto** link = &bucket_of(memory); *link != nullptr; link = &(*link)->next) {
        LargeBlock* block = *link;
        if (block->memory == memory) {
            *link = block->next;
            return *block;
        }
    }
    panic("pages at %p are freed that are not the heap's, or are freed twice", memory);
}

size_t LargeBlocks::pages(const void* memory)
{
    SpinGuard guard(large_lock);
    for (const LargeBlock* block = bucket_of(memory); block != nullptr; block = block->next) {
        if (block->memory == memory)
            return block->pages;
    }
    return 0;
}

}
