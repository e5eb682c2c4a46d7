// Kernel memory by the byte.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "kernel/page_source.h"
#include "kernel/placement_new.h"
#include "kernel/tag.h"

namespace kernel {

class Thread;

// Allocations are aligned to 16 bytes, those of a page and more to the page. Up to heap_small_max bytes they come from
// caches of this CPU, one for each size class, which trade blocks with slabs that all CPUs share; above, as whole
// pages. Pages come from the page source, with no heap lock held. Threaded code only: asserted not at exception level,
// no spin lock held, no NoAllocationScope.
inline constexpr size_t heap_small_max = 2000;
// Freed memory is filled with poison (poison.h). A block found otherwise when it is given out again is a panic: someone
// wrote to it after the free.

// Null when there is no memory, which is an ordinary case. Contents are undefined. 0 bytes count as 1.
[[nodiscard]] void* allocate(size_t bytes, Tag tag);
// Null is allowed. From any CPU.
void deallocate(void* memory);

// Null when there is no memory.
template <typename T, typename... Arguments>
[[nodiscard]] T* make(Tag tag, Arguments&&... arguments)
{
    static_assert(alignof(T) <= 16);
    void* memory = allocate(sizeof(T), tag);
    return memory == nullptr ? nullptr : new (memory) T(static_cast<Arguments&&>(arguments)...);
}

// Null is allowed. `object` points to the start of what make returned: no base other than the first.
template <typename T>
void destroy(T* object)
{
    if (object == nullptr)
        return;
    object->~T();
    deallocate(object);
}

// What is allocated under a tag now, on all CPUs.
struct Usage {
    uint64_t bytes = 0;
    uint64_t allocations = 0;
};
Usage usage(Tag tag);
// The bytes that an allocation of this size takes: its size class, or whole pages.
size_t allocated_size(size_t bytes);
// What an allocation that lives takes; 0 for memory that the heap did not give.
size_t size_of_block(const void* memory);

// Returns every cached block of every CPU to its slab and every empty slab to the page source.
void drain_heap();
// Pages that the heap has from the page source.
uint64_t heap_pages();

// No allocation and no deallocation by the current thread in this scope: asserted. Scopes nest.
class [[nodiscard]] NoAllocationScope {
public:
    NoAllocationScope();
    ~NoAllocationScope();
    // The current thread's scopes are over: their frames were abandoned.
    static void abandon();
    NoAllocationScope(const NoAllocationScope&) = delete;
    NoAllocationScope& operator=(const NoAllocationScope&) = delete;
};

// For tests: in this scope the n-th allocation (1 is the next) finds no memory. What a transfer places in its arena
// counts as one. One scope at a time.
class [[nodiscard]] FailAllocation {
public:
    enum class Who : uint8_t { ThisThread, Everyone };
    // Negative: on whatever CPU it is made.
    explicit FailAllocation(uint64_t n, Who who = Who::ThisThread, int cpu = -1);
    // Of the threads of which `whose` says so, which is asked with interrupts off. Pages asked of the page source count as
    // well, for whatever they are: stacks, modules, the heap itself.
    using Whose = bool (*)(const Thread& thread);
    FailAllocation(uint64_t n, Whose whose);
    ~FailAllocation();
    FailAllocation(const FailAllocation&) = delete;
    FailAllocation& operator=(const FailAllocation&) = delete;

    // Whether it has come to that allocation.
    bool happened() const;
};

}
