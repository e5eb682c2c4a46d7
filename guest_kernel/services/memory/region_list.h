// The regions of one process.
#pragma once

#include "services/memory/region.h"

namespace services {

// Where a region lies. Without one it has no address.
struct RegionExtent {
    uint64_t address = 0;
    uint64_t bytes = 0;
    objects::Ref<Region> region;

    bool has(uint64_t where) const { return where - address < bytes; }
};

// Plain data: a process that takes over from another copies it. Guarded by the process' lock.
class RegionList {
public:
    // EXISTS when it overlaps another, NO_MEMORY.
    kernel::Status add(uint64_t address, uint64_t pages, objects::Ref<Region> region);
    // The region that has the address, or none.
    RegionExtent extent_of(uint64_t address) const;
    objects::Ref<Region> find(uint64_t address) const { return extent_of(address).region; }
    // Of those left, or none.
    objects::Ref<Region> first() const;
    // NOT_FOUND.
    kernel::Status remove(objects::Ref<Region> region);
    uint64_t count() const;

private:
    struct Node {
        RegionExtent extent;
        Node* next;
    };

    Node* m_first = nullptr;
};

}
