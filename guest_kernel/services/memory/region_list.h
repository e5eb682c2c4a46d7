// The regions of one process.
#pragma once

#include "services/memory/region.h"

namespace services {

// Plain data: a process that takes over from another copies it. Guarded by the process' lock.
class RegionList {
public:
    // EXISTS when it overlaps another, NO_MEMORY.
    kernel::Status add(uint64_t address, uint64_t pages, objects::Ref<Region> region);
    // The region that has the address, or none.
    objects::Ref<Region> find(uint64_t address) const;
    // Of those left, or none.
    objects::Ref<Region> first() const;
    // NOT_FOUND.
    kernel::Status remove(objects::Ref<Region> region);
    uint64_t count() const;

private:
    struct Node {
        uint64_t address;
        uint64_t bytes;
        objects::Ref<Region> region;
        Node* next;
    };

    Node* m_first = nullptr;
};

}
