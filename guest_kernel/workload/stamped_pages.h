// Pages from the page allocator that their owner recognises: two owners of one page find out.
#pragma once

#include "services/memory/kernel_pages.h"
#include "workload/random.h"

namespace workload {

using kernel::Code;
using kernel::Status;

// Stamped at both ends of each page. Given back by `release` alone.
class StampedPages {
public:
    bool empty() const { return m_memory == nullptr; }
    // NO_MEMORY is an ordinary answer.
    Status take(objects::Ref<services::KernelPages> allocator, uint64_t pages, uint64_t stamp);
    // INVALID when a stamp is not as it was left, or the allocator does not know the pages.
    Status release(objects::Ref<services::KernelPages> allocator);

private:
    static constexpr uint64_t words = abi::PAGE_SIZE / sizeof(uint64_t);

    bool intact() const;

    uint64_t* m_memory = nullptr;
    uint64_t m_pages = 0;
    uint64_t m_stamp = 0;
};

}
