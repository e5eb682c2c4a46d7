// What the page allocator notes about a range of pages.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace services {

// Free or in use, each range has one. Linked by address where free, by hash where in use, and among the spares when it
// describes nothing.
struct MemoryDescriptor {
    enum class Use : uint64_t { Spare, Free, InUse };

    MemoryDescriptor* next = nullptr;
    // Number of the first page: its linear address by the page size.
    uint64_t page = 0;
    uint64_t count = 0;
    Use use = Use::Spare;
};

// Descriptors that describe nothing, to be used again.
class SpareDescriptors {
public:
    void add(MemoryDescriptor& descriptor);
    // Null when there is none.
    MemoryDescriptor* take();

private:
    MemoryDescriptor* m_first = nullptr;
};

// Free ranges in the order of their addresses; neighbours are merged.
class FreeRanges {
public:
    // Descriptors that merging makes superfluous become spare.
    void insert(MemoryDescriptor& range, SpareDescriptors& spares);
    // The first range that holds so many pages gives them from its end; its descriptor becomes spare when it is used
    // up. The number of the first page, or 0 when there is no such range.
    uint64_t take(uint64_t count, SpareDescriptors& spares);
    uint64_t pages() const { return m_pages; }

private:
    MemoryDescriptor* m_first = nullptr;
    uint64_t m_pages = 0;
};

// Ranges in use, found by their first page.
class UsedRanges {
public:
    void insert(MemoryDescriptor& range);
    // Null when no range in use starts there.
    MemoryDescriptor* remove(uint64_t page);
    uint64_t pages() const { return m_pages; }

private:
    static constexpr unsigned buckets = 64;

    MemoryDescriptor* m_buckets[buckets] = {};
    uint64_t m_pages = 0;
};

}
