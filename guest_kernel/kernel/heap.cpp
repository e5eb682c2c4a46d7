#include "kernel/heap.h"

#include "arch/ppc64/percpu.h"
#include "kernel/heap_cache.h"
#include "kernel/heap_rules.h"
#include "kernel/irq_guard.h"
#include "kernel/large_blocks.h"
#include "kernel/panic.h"
#include "kernel/poison.h"
#include "kernel/slab.h"

namespace kernel {

namespace {

constexpr auto tags = static_cast<size_t>(Tag::Count);

// What one CPU has allocated less what it has freed: a single figure may be below zero, the sum over CPUs is the usage.
// Changed by that CPU with interrupts off.
struct CpuUsage {
    uint64_t bytes[tags];
    uint64_t allocations[tags];
};

constinit CpuUsage cpu_usage[abi::MAX_CPUS] = {};
constinit HeapCache caches[abi::MAX_CPUS][size_classes];
constinit SlabPool pools[size_classes];
constinit uint64_t pages_from_source = 0;

void add(uint64_t& counter, uint64_t amount)
{
    __atomic_store_n(&counter, counter + amount, __ATOMIC_RELAXED);
}

// `bytes` and `allocations` are negative numbers, modulo 2^64, for a free.
void account(Tag tag, uint64_t bytes, uint64_t allocations)
{
    IrqGuard guard;
    CpuUsage& usage = cpu_usage[arch::cpu_id()];
    add(usage.bytes[static_cast<size_t>(tag)], bytes);
    add(usage.allocations[static_cast<size_t>(tag)], allocations);
}

// A thread that is moved after it has looked uses another CPU's cache, which the cache's lock allows.
HeapCache& cache_of(unsigned size_class)
{
    return caches[arch::cpu_id()][size_class];
}

void* pages_of(size_t pages)
{
    const auto memory = allocate_pages(pages);
    if (!memory.ok())
        return nullptr;
    __atomic_fetch_add(&pages_from_source, pages, __ATOMIC_RELAXED);
    return memory.value();
}

void return_pages(void* memory, size_t pages)
{
    poison(memory, pages * abi::PAGE_SIZE);
    __atomic_fetch_sub(&pages_from_source, pages, __ATOMIC_RELAXED);
    free_pages(memory, pages);
}

void return_to_slab(void* block, unsigned size_class)
{
    if (Slab* empty = pools[size_class].put(block))
        return_pages(empty, 1);
}

// From the shared slabs: one block for the caller, the others for this CPU's cache.
void* refill(unsigned size_class)
{
    void* blocks[HeapCache::batch];
    size_t count = pools[size_class].take(blocks, HeapCache::batch);
    while (count == 0) {
        void* page = pages_of(1);
        if (page == nullptr)
            return nullptr;
        pools[size_class].add(*new (page) Slab(size_class));
        count = pools[size_class].take(blocks, HeapCache::batch);
    }
    while (count > 1) {
        void* block = blocks[--count];
        if (!cache_of(size_class).put(block))
            return_to_slab(block, size_class);
    }
    return blocks[0];
}

void* allocate_small(size_t bytes, Tag tag)
{
    const unsigned size_class = size_class_of(bytes);
    void* block = cache_of(size_class).take();
    if (block == nullptr)
        block = refill(size_class);
    if (block == nullptr)
        return nullptr;
    const size_t size = class_sizes[size_class];
    if (!is_poisoned(block, size)) [[unlikely]]
        panic("heap block at %p (%lu bytes) was written to after it was freed", block, size);
    Slab::of(block).set_tag(block, tag);
    account(tag, size, 1);
    return block;
}

void deallocate_small(void* block)
{
    Slab& slab = Slab::of(block);
    const unsigned size_class = slab.size_class();
    const size_t size = slab.block_size();
    account(slab.clear_tag(block), -size, -1ul);
    poison(block, size);
    void* oldest[HeapCache::batch];
    while (!cache_of(size_class).put(block)) {
        const size_t count = cache_of(size_class).take_oldest(oldest, HeapCache::batch);
        for (size_t i = 0; i < count; ++i)
            return_to_slab(oldest[i], size_class);
    }
}

size_t pages_for(size_t bytes)
{
    return bytes / abi::PAGE_SIZE + (bytes % abi::PAGE_SIZE != 0);
}

void* allocate_large(size_t bytes, Tag tag)
{
    auto* block = static_cast<LargeBlock*>(allocate_small(sizeof(LargeBlock), Tag::Heap));
    if (block == nullptr)
        return nullptr;
    const size_t pages = pages_for(bytes);
    void* memory = pages_of(pages);
    if (memory == nullptr) {
        deallocate_small(block);
        return nullptr;
    }
    new (block) LargeBlock{memory, pages, tag, nullptr};
    LargeBlocks::add(*block);
    account(tag, pages * abi::PAGE_SIZE, 1);
    return memory;
}

void deallocate_large(void* memory)
{
    LargeBlock& block = LargeBlocks::remove(memory);
    const size_t pages = block.pages;
    account(block.tag, -(pages * abi::PAGE_SIZE), -1ul);
    deallocate_small(&block);
    return_pages(memory, pages);
}

}

void* allocate(size_t bytes, Tag tag)
{
    HeapRules::check();
    if (HeapRules::must_fail())
        return nullptr;
    return bytes <= heap_small_max ? allocate_small(bytes, tag) : allocate_large(bytes, tag);
}

// A slab's blocks never begin on a page: its head does.
void deallocate(void* memory)
{
    HeapRules::check();
    if (memory == nullptr)
        return;
    if (reinterpret_cast<uint64_t>(memory) % abi::PAGE_SIZE == 0)
        deallocate_large(memory);
    else
        deallocate_small(memory);
}

Usage usage(Tag tag)
{
    Usage sum;
    for (const auto& each : cpu_usage) {
        sum.bytes += __atomic_load_n(&each.bytes[static_cast<size_t>(tag)], __ATOMIC_RELAXED);
        sum.allocations += __atomic_load_n(&each.allocations[static_cast<size_t>(tag)], __ATOMIC_RELAXED);
    }
    return sum;
}

size_t allocated_size(size_t bytes)
{
    return bytes <= heap_small_max ? class_sizes[size_class_of(bytes)] : pages_for(bytes) * abi::PAGE_SIZE;
}

size_t size_of_block(const void* memory)
{
    if (reinterpret_cast<uint64_t>(memory) % abi::PAGE_SIZE == 0)
        return LargeBlocks::pages(memory) * abi::PAGE_SIZE;
    const Slab* slab = Slab::find(memory);
    return slab == nullptr ? 0 : slab->block_size();
}

void drain_heap()
{
    HeapRules::check();
    void* blocks[HeapCache::capacity];
    for (auto& caches_of_cpu : caches) {
        for (unsigned size_class = 0; size_class < size_classes; ++size_class) {
            const size_t count = caches_of_cpu[size_class].take_oldest(blocks, HeapCache::capacity);
            for (size_t i = 0; i < count; ++i)
                return_to_slab(blocks[i], size_class);
        }
    }
    for (auto& pool : pools) {
        while (Slab* slab = pool.take_empty())
            return_pages(slab, 1);
    }
}

uint64_t heap_pages()
{
    return __atomic_load_n(&pages_from_source, __ATOMIC_RELAXED);
}

}
