#include "workload/stamped_pages.h"

namespace workload {

Status StampedPages::take(objects::Ref<services::KernelPages> allocator, uint64_t pages, uint64_t stamp)
{
    m_memory = static_cast<uint64_t*>(TRY(allocator->allocate_pages(pages)));
    m_pages = pages;
    m_stamp = stamp;
    for (uint64_t page = 0; page < pages; ++page) {
        m_memory[page * words] = stamp + page;
        m_memory[page * words + words - 1] = ~(stamp + page);
    }
    return {};
}

Status StampedPages::release(objects::Ref<services::KernelPages> allocator)
{
    const bool unharmed = intact();
    const Status freed = allocator->free_pages(m_memory);
    *this = {};
    return unharmed ? freed : Status(Code::INVALID);
}

bool StampedPages::intact() const
{
    for (uint64_t page = 0; page < m_pages; ++page) {
        if (m_memory[page * words] != m_stamp + page || m_memory[page * words + words - 1] != ~(m_stamp + page))
            return false;
    }
    return true;
}

}
